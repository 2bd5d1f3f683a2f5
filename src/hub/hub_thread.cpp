#include "hub/hub_thread.hpp"

#include <boost/asio/post.hpp>
#include <utility>

#include "base/short_turns.hpp"

namespace restante::hub {

void HubThread::start() {
    thread_ = std::thread([this] {
        ask_for_short_turns();
        io_.run();
    });
}

void HubThread::join() {
    work_.reset();
    thread_.join();
}

void HubThread::run(std::function<void()> work) {
    boost::asio::post(io_, std::move(work));
}

void HubThread::wake_after(Milliseconds wait, std::function<void()> work) {
    timer_.expires_after(wait);
    timer_.async_wait([work = std::move(work)](const boost::system::error_code& replaced) {
        if (!replaced) work();
    });
}

}  // namespace restante::hub
