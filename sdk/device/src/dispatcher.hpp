#pragma once
// The application's handlers and the one thread they run on, so that a slow handler never holds up
// the connection. Shared by the client, its Core and that thread.
//
// Messages and notices (state changes, background exceptions) wait in two bounded queues; notices
// go first. A message is acknowledged when its handler has returned. It ends by stop(): notices
// that wait are still delivered, messages are not, they stay with the hub.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

#include "restante/device/message.hpp"

namespace restante::device {

/// Messages held for the handler. A hub has some ten unacknowledged at a time; at 256 KB each, this
/// many are 32 MB.
inline constexpr std::size_t messages_held_max = 128;

/// Notices held for slow handlers; further ones are dropped.
inline constexpr std::size_t notices_held_max = 256;

class Dispatcher {
  public:
    using MessageHandler = std::function<void(const Message&)>;
    using StateHandler = std::function<void()>;
    using ExceptionHandler = std::function<void(const std::exception&)>;
    using Patience = std::chrono::milliseconds;

    struct Delivery {
        Message message;
        std::function<void()> acknowledge;  ///< empty when the hub expects no acknowledgement
    };

    // From any thread.

    /// Gives back the handler before.
    MessageHandler set_message_handler(MessageHandler handler);
    void set_state_handler(StateHandler handler);
    void set_exception_handler(ExceptionHandler handler);

    /// False when there is no room: the message is not taken.
    bool push_message(Delivery delivery);
    void push_state_change();
    void push_exception(std::exception_ptr exception);

    /// Lets go of what the hub will deliver again, now that its connection is over.
    void forget_unacknowledged();

    /// Starts no message handler from now on, and waits for the one that is running. False when it
    /// is still running after `patience`. On the thread itself it does not wait.
    bool pause(Patience patience);
    void resume();

    /// Ends the thread, once it has delivered the notices that wait. False when it has not ended
    /// after `patience`. On the thread itself it does not wait.
    bool stop(Patience patience);

    bool on_thread() const { return thread_.load() == std::this_thread::get_id(); }

    // From the thread itself, inside a handler.

    /// Runs `work` on the thread as soon as the handler has returned and its message is
    /// acknowledged.
    void after_handler(std::function<void()> work);

    /// The thread's body.
    void run();

  private:
    struct StateChange {};
    using Notice = std::variant<StateChange, std::exception_ptr>;
    enum class Flow : std::uint8_t { open, paused, stopped };

    bool can_deliver() const;
    void deliver_notice(std::unique_lock<std::mutex>& lock);
    void deliver_message(std::unique_lock<std::mutex>& lock);
    void run_deferred(std::unique_lock<std::mutex>& lock);
    void notify(Notice notice);
    /// Calls a handler; false when it threw, which has then been reported.
    bool call(std::string_view name, const std::function<void()>& handler);

    std::mutex mutex_;  // guards everything below it
    std::condition_variable changed_;
    std::shared_ptr<const MessageHandler> message_handler_;
    std::shared_ptr<const StateHandler> state_handler_;
    std::shared_ptr<const ExceptionHandler> exception_handler_;
    std::deque<Delivery> messages_;
    std::deque<Notice> notices_;
    std::vector<std::function<void()>> deferred_;
    Flow flow_ = Flow::open;
    bool handling_message_ = false;
    bool ended_ = false;

    std::atomic<std::thread::id> thread_;
};

}  // namespace restante::device
