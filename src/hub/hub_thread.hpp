#pragma once
// The hub's own thread: it waits for what is due, and relieves others of the hub's work when that
// becomes more than a share (SerialQueue).
//
// Owned by Hub. Between start() and join() any thread may call, but wake_after() and forget() one
// at a time.

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <thread>

#include "base/clock.hpp"

namespace restante::hub {

class HubThread {
  public:
    void start();
    bool started() const { return thread_.joinable(); }
    void join();

    void run(std::function<void()> work);
    /// Instead of what it was to do later, if that has not begun.
    void wake_after(Milliseconds wait, std::function<void()> work);
    void forget() { timer_.cancel(); }

  private:
    boost::asio::io_context io_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
        io_.get_executor()};
    boost::asio::steady_timer timer_{io_};
    std::thread thread_;
};

}  // namespace restante::hub
