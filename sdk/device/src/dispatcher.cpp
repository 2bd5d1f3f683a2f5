#include "dispatcher.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "restante/device/exceptions.hpp"

namespace restante::device {
namespace {

/// What an exception says of itself, whatever it is.
std::string text_of(const std::exception_ptr& exception) {
    try {
        std::rethrow_exception(exception);
    } catch (const std::exception& known) {
        return known.what();
    } catch (...) {
        return "an exception that is no std::exception";
    }
}

/// What the handler itself throws is lost: it was the last place to report to.
void report(const Dispatcher::ExceptionHandler& handler, const std::exception_ptr& exception) {
    try {
        try {
            std::rethrow_exception(exception);
        } catch (const std::exception& known) {
            handler(known);
        }
    } catch (...) {
        return;
    }
}

}  // namespace

Dispatcher::MessageHandler Dispatcher::set_message_handler(MessageHandler handler) {
    auto next = handler ? std::make_shared<const MessageHandler>(std::move(handler)) : nullptr;
    const std::lock_guard lock(mutex_);
    message_handler_.swap(next);
    changed_.notify_all();
    return next ? *next : MessageHandler();
}

void Dispatcher::set_state_handler(StateHandler handler) {
    auto next = handler ? std::make_shared<const StateHandler>(std::move(handler)) : nullptr;
    const std::lock_guard lock(mutex_);
    state_handler_.swap(next);
}

void Dispatcher::set_exception_handler(ExceptionHandler handler) {
    auto next = handler ? std::make_shared<const ExceptionHandler>(std::move(handler)) : nullptr;
    const std::lock_guard lock(mutex_);
    exception_handler_.swap(next);
}

bool Dispatcher::push_message(Delivery delivery) {
    const std::lock_guard lock(mutex_);
    if (flow_ != Flow::open && delivery.acknowledge) return true;  // it stays with the hub
    if (messages_.size() >= messages_held_max) return false;
    messages_.push_back(std::move(delivery));
    changed_.notify_all();
    return true;
}

void Dispatcher::push_state_change() {
    notify(StateChange{});
}

void Dispatcher::push_exception(std::exception_ptr exception) {
    notify(std::move(exception));
}

void Dispatcher::notify(Notice notice) {
    const std::lock_guard lock(mutex_);
    if (notices_.size() >= notices_held_max) return;
    notices_.push_back(std::move(notice));
    changed_.notify_all();
}

void Dispatcher::forget_unacknowledged() {
    const std::lock_guard lock(mutex_);
    std::erase_if(messages_, [](const Delivery& held) { return held.acknowledge != nullptr; });
}

bool Dispatcher::pause(Patience patience) {
    std::unique_lock lock(mutex_);
    if (flow_ == Flow::open) flow_ = Flow::paused;
    std::erase_if(messages_, [](const Delivery& held) { return held.acknowledge != nullptr; });
    if (on_thread()) return true;
    return changed_.wait_for(lock, patience, [this] { return !handling_message_; });
}

void Dispatcher::resume() {
    const std::lock_guard lock(mutex_);
    if (flow_ == Flow::paused) flow_ = Flow::open;
    changed_.notify_all();
}

bool Dispatcher::stop(Patience patience) {
    std::unique_lock lock(mutex_);
    flow_ = Flow::stopped;
    changed_.notify_all();
    if (on_thread()) return true;
    if (changed_.wait_for(lock, patience, [this] { return ended_; })) return true;
    notices_.clear();  // a handler that hangs has had its time: nothing is called after it
    return false;
}

void Dispatcher::after_handler(std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    deferred_.push_back(std::move(work));
}

bool Dispatcher::can_deliver() const {
    return flow_ == Flow::open && message_handler_ && !messages_.empty();
}

void Dispatcher::run() {
    thread_ = std::this_thread::get_id();
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(
            lock, [this] { return flow_ == Flow::stopped || !notices_.empty() || can_deliver(); });
        if (!notices_.empty()) {
            deliver_notice(lock);
        } else if (can_deliver()) {
            deliver_message(lock);
        } else {
            break;
        }
        run_deferred(lock);
    }
    ended_ = true;
    changed_.notify_all();
}

// What belongs to the application (handlers, messages, deferred work) is let go of without the
// lock: its destructors may well call the client.

void Dispatcher::deliver_notice(std::unique_lock<std::mutex>& lock) {
    Notice notice = std::move(notices_.front());
    notices_.pop_front();
    auto on_state = state_handler_;
    auto on_exception = exception_handler_;
    lock.unlock();
    if (const auto* exception = std::get_if<std::exception_ptr>(&notice)) {
        if (on_exception) report(*on_exception, *exception);
    } else if (on_state) {
        call("on_connection_state_change", *on_state);
    }
    notice = StateChange{};
    on_state.reset();
    on_exception.reset();
    lock.lock();
}

void Dispatcher::deliver_message(std::unique_lock<std::mutex>& lock) {
    Delivery delivery = std::move(messages_.front());
    messages_.pop_front();
    auto handler = message_handler_;
    handling_message_ = true;
    lock.unlock();
    const bool handled = call("on_message_received", [&] { (*handler)(delivery.message); });
    if (handled && delivery.acknowledge) delivery.acknowledge();
    delivery = Delivery{};
    handler.reset();
    lock.lock();
    handling_message_ = false;
    changed_.notify_all();
}

void Dispatcher::run_deferred(std::unique_lock<std::mutex>& lock) {
    while (!deferred_.empty()) {
        auto work = std::exchange(deferred_, {});
        lock.unlock();
        for (auto& each : work) each();
        work.clear();
        lock.lock();
    }
}

bool Dispatcher::call(std::string_view name, const std::function<void()>& handler) {
    try {
        handler();
        return true;
    } catch (...) {
        // Python's sentence for it.
        push_exception(std::make_exception_ptr(
            ClientError(fmt::format("HANDLER ({}): Error during invocation: {}", name,
                                    text_of(std::current_exception())))));
        return false;
    }
}

}  // namespace restante::device
