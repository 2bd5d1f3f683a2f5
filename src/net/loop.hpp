#pragma once
// One event loop on one thread: an Asio context, the connections that live on it, and the one
// buffer they all read into. Inside net, and in the SDKs' clients, whose own logic runs on their
// connection's loop; the rest of the house sees Loops and handles.

#include <array>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <thread>

#include "net/session.hpp"

namespace restante::net {

namespace asio = boost::asio;

class Connection;

// Bound to the plain executor: the type-erased default costs 40 bytes in each object.
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;

class Loop : public std::enable_shared_from_this<Loop> {
  public:
    using Place = std::list<std::shared_ptr<Connection>>::iterator;

    Loop();
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    // From any thread.

    /// Runs `work` on this loop, after what was posted before. False, and `work` is dropped, once
    /// the loop is ending.
    bool post(Work work);

    /// Runs `work` on this loop and waits for it; false when the loop is ending. Not from a loop.
    bool run(Work work);

    bool is_current() const;

    // On this loop only.

    asio::io_context& context() { return *context_; }

    /// What connections read into: one record of TLS at a time, valid until the next read.
    std::span<std::uint8_t> scratch() { return scratch_; }

    /// Keeps the connection alive until remove(). False once the loop is ending.
    bool add(const std::shared_ptr<Connection>& connection, Place& place);
    void remove(Place place);

    /// Ends the connections of one group, all of them when it is null.
    void close_connections(const void* group, const Error& reason);

    // From the owner, Loops.

    void start();
    void end();   ///< asks the loop to close its connections and return
    void join();  ///< waits until it has
    void release();

  private:
    static constexpr std::size_t scratch_bytes = 16 * 1024;  // the longest TLS record's content

    std::unique_ptr<asio::io_context> context_;
    std::optional<asio::executor_work_guard<Executor>> guard_;
    std::thread thread_;
    std::mutex mutex_;  // guards open_ against post()
    bool open_ = true;
    bool closing_ = false;  // on the loop: no connection is added any more
    std::list<std::shared_ptr<Connection>> connections_;
    std::array<std::uint8_t, scratch_bytes> scratch_{};
};

}  // namespace restante::net
