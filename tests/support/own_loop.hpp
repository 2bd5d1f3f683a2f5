#pragma once
// An application's own loop for a client made with own_loop: waits for its descriptor and calls its
// handlers, on a thread of the test's, until the client is shut down or this goes out of scope.

#include <poll.h>

#include <atomic>
#include <thread>

#include "restante/device/iothub_client.hpp"

namespace restante::test {

class OwnLoop {
  public:
    explicit OwnLoop(IoTHubClient& client) : client_(client), thread_([this] { run(); }) {}
    ~OwnLoop() {
        stopping_ = true;
        thread_.join();
    }
    OwnLoop(const OwnLoop&) = delete;
    OwnLoop& operator=(const OwnLoop&) = delete;

  private:
    /// How soon stopping_ is seen.
    static constexpr int look_milliseconds = 50;

    void run() {
        try {
            while (!stopping_) {
                pollfd ready{.fd = client_.descriptor(), .events = POLLIN, .revents = 0};
                if (::poll(&ready, 1, look_milliseconds) > 0) client_.run_once();
            }
        } catch (const ClientError&) {
            // The client was shut down.
        }
    }

    IoTHubClient& client_;
    std::atomic<bool> stopping_ = false;
    std::thread thread_;  // last: it uses the others
};

}  // namespace restante::test
