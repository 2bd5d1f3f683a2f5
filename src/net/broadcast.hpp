#pragma once
// Tells every connection that asked for it that something they all stand on has changed.
//
// Owned by what changes; outlives its listeners. Any thread.

#include <functional>
#include <list>
#include <mutex>

#include "net/session.hpp"

namespace restante::net {

class Broadcast {
    struct Listener {
        ConnectionHandle handle;
        std::function<void()> work;
    };
    using Listeners = std::list<Listener>;

  public:
    /// A place among the listeners, given up when it ends.
    class Subscription {
      public:
        Subscription() = default;
        Subscription(Subscription&& other) noexcept;
        Subscription& operator=(Subscription&& other) noexcept;
        ~Subscription() { end(); }

      private:
        friend class Broadcast;
        Subscription(Broadcast& broadcast, Listeners::iterator listener)
            : broadcast_(&broadcast), listener_(listener) {}
        void end();

        Broadcast* broadcast_ = nullptr;
        Listeners::iterator listener_{};
    };

    /// `work` runs on the connection's loop at each notify() from now on. It may still run once
    /// after the subscription has ended, never after the connection has.
    [[nodiscard]] Subscription subscribe(ConnectionHandle handle, std::function<void()> work);

    void notify();

  private:
    std::mutex mutex_;
    Listeners listeners_;
};

}  // namespace restante::net
