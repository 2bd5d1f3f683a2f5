#pragma once
// What every client has inside: its handlers' thread, its Core, and the order in which they begin
// and end. Owned by the public client (pimpl); any thread may call any member.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "configuration.hpp"
#include "core.hpp"
#include "dispatcher.hpp"

namespace restante::device {

class ClientImpl {
  public:
    explicit ClientImpl(const Configuration& configuration);
    ~ClientImpl();
    ClientImpl(const ClientImpl&) = delete;
    ClientImpl& operator=(const ClientImpl&) = delete;

    /// Throws ClientError once shutdown() was called.
    void check_open() const;
    /// Throws ClientError where a thread of the client's own runs the handlers.
    void check_own_loop() const;
    /// Throws ClientError where the transport has no word for it.
    void check_settles() const;

    // As the public members of the same names.

    void connect();
    void disconnect();
    void shutdown();
    void send_message(const Message& message);
    std::optional<Message> receive_message(std::chrono::milliseconds timeout);
    void update_sastoken(const std::string& sastoken);
    void on_message_received(Dispatcher::MessageHandler handler);

    Dispatcher& dispatcher() { return *dispatcher_; }
    bool connected() const { return core_->connected(); }

  private:
    /// How messages reach the application: decided by what it uses first.
    enum class Mode : std::uint8_t { open, handler, receive };

    const Configuration configuration_;
    const std::shared_ptr<Dispatcher> dispatcher_;  // shared with its thread and Core
    const std::shared_ptr<Core> core_;              // shared with work a handler has deferred
    std::atomic<bool> shut_down_{false};
    std::mutex ending_;  // one shutdown() at a time
    bool gave_up_ = false;
    bool ended_ = false;
    std::mutex setting_;  // guards mode_ and the order in which the subscription changes
    Mode mode_ = Mode::open;
    std::future<void> thread_ended_;
    std::thread thread_;
};

}  // namespace restante::device
