#pragma once
// The application's handlers and where they run, so that a slow handler never holds up the
// connection: on one thread of the client's, or in the application's own loop. Shared by the
// client, its Core and that thread.
//
// Messages and notices (state changes, background exceptions) wait in two bounded queues; notices
// go first. A message is settled when its handler has returned: as that says, or abandoned when it
// threw. It ends by stop(): notices that wait are still delivered, messages are not, they stay with
// the hub.

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
#include <optional>
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

/// Says what becomes of one message. Any thread, once; does nothing when its connection is over.
using Settle = std::function<void(Settlement)>;

class Dispatcher {
  public:
    using MessageHandler = std::function<Settlement(const Message&)>;
    using StateHandler = std::function<void()>;
    using TokenHandler = std::function<void()>;
    using ExceptionHandler = std::function<void(const std::exception&)>;
    using Patience = std::chrono::milliseconds;

    struct Delivery {
        Message message;
        Settle settle;  ///< empty when the hub expects nothing
    };

    enum class Driver : std::uint8_t { thread, own_loop };

    explicit Dispatcher(Driver driver);
    ~Dispatcher();
    Dispatcher(const Dispatcher&) = delete;
    Dispatcher& operator=(const Dispatcher&) = delete;

    // From any thread.

    /// Gives back the handler before.
    MessageHandler set_message_handler(MessageHandler handler);
    void set_state_handler(StateHandler handler);
    void set_token_handler(TokenHandler handler);
    void set_exception_handler(ExceptionHandler handler);

    /// False when there is no room: the message is not taken.
    bool push_message(Delivery delivery);
    void push_state_change();
    void push_token_required();
    void push_exception(std::exception_ptr exception);

    /// Lets go of what the hub will deliver again, now that its connection is over.
    void forget_unsettled();

    /// Starts no message handler from now on, and waits for the one that is running. False when it
    /// is still running after `patience`. On the thread itself it does not wait.
    bool pause(Patience patience);
    void resume();

    /// Ends the thread, once it has delivered the notices that wait. False when it has not ended
    /// after `patience`. On the thread itself it does not wait.
    bool stop(Patience patience);

    /// The next message without a handler; nullopt when none has come within `patience`, or the
    /// client is stopped.
    std::optional<Delivery> take(Patience patience);

    bool on_thread() const { return thread_.load() == std::this_thread::get_id(); }

    // From the thread itself, inside a handler.

    /// Runs `work` on the thread as soon as the handler has returned and its message is settled.
    void after_handler(std::function<void()> work);

    /// The thread's body.
    void run();

    // From the application's loop.

    /// Becomes readable when something waits for poll(); -1 where a thread drives.
    int descriptor() const { return descriptor_; }
    /// Calls handlers for all that waits now, without waiting itself. How many.
    std::size_t poll();

  private:
    struct StateChange {};
    struct TokenRequired {};
    using Notice = std::variant<StateChange, TokenRequired, std::exception_ptr>;
    enum class Flow : std::uint8_t { open, paused, stopped };

    void wake();
    bool can_deliver() const;
    bool deliver_one(std::unique_lock<std::mutex>& lock);
    void deliver_notice(std::unique_lock<std::mutex>& lock);
    void deliver_message(std::unique_lock<std::mutex>& lock);
    void run_deferred(std::unique_lock<std::mutex>& lock);
    void notify(Notice notice);
    /// Calls a handler; what it throws is reported.
    void call(std::string_view name, const std::function<void()>& handler);

    std::mutex mutex_;  // guards everything below it
    std::condition_variable changed_;
    std::shared_ptr<const MessageHandler> message_handler_;
    std::shared_ptr<const StateHandler> state_handler_;
    std::shared_ptr<const TokenHandler> token_handler_;
    std::shared_ptr<const ExceptionHandler> exception_handler_;
    std::deque<Delivery> messages_;
    std::deque<Notice> notices_;
    std::vector<std::function<void()>> deferred_;
    Flow flow_ = Flow::open;
    bool handling_message_ = false;
    bool ended_ = false;

    const int descriptor_;
    std::atomic<std::thread::id> thread_;
};

}  // namespace restante::device
