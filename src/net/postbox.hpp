#pragma once
// The way back to a connection from other threads. It holds no owner of the connection, so that a
// connection always dies on its own loop. What comes while the loop has not looked yet is done with
// one look, and its output written together.
//
// Made by the connection, shared by the handles it gives out. Any thread.

#include <memory>
#include <mutex>
#include <vector>

#include "net/loop.hpp"
#include "net/session.hpp"

namespace restante::net {

class Postbox final : public Mailbox, public std::enable_shared_from_this<Postbox> {
  public:
    Postbox(std::shared_ptr<Loop> loop, std::weak_ptr<Connection> connection);

    void post(Work work) override;
    void close() override;

  private:
    std::vector<Work> take_all();
    void look();

    std::shared_ptr<Loop> loop_;  // shared with Loops, which may end before this
    std::weak_ptr<Connection> connection_;
    std::mutex mutex_;
    std::vector<Work> waiting_;  // guarded by mutex_
};

}  // namespace restante::net
