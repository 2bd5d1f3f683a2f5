#include "dispatcher.hpp"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
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

int create_event() {
    const int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
    return descriptor;
}

/// Makes `slot` hold the handler, or nothing.
template <class Handler>
std::shared_ptr<const Handler> exchange(std::mutex& mutex, std::shared_ptr<const Handler>& slot,
                                        Handler handler) {
    auto next = handler ? std::make_shared<const Handler>(std::move(handler)) : nullptr;
    const std::lock_guard lock(mutex);
    slot.swap(next);
    return next;
}

}  // namespace

Dispatcher::Dispatcher(Driver driver)
    : ended_(driver == Driver::own_loop),
      descriptor_(driver == Driver::own_loop ? create_event() : -1) {}

Dispatcher::~Dispatcher() {
    if (descriptor_ >= 0) close(descriptor_);
}

/// Something may have to be done. With the mutex held.
void Dispatcher::wake() {
    changed_.notify_all();
    if (descriptor_ >= 0) eventfd_write(descriptor_, 1);
}

Dispatcher::MessageHandler Dispatcher::set_message_handler(MessageHandler handler) {
    const auto before = exchange(mutex_, message_handler_, std::move(handler));
    const std::lock_guard lock(mutex_);
    wake();  // messages may have waited for it
    return before ? *before : MessageHandler();
}

void Dispatcher::set_state_handler(StateHandler handler) {
    exchange(mutex_, state_handler_, std::move(handler));
}

void Dispatcher::set_token_handler(TokenHandler handler) {
    exchange(mutex_, token_handler_, std::move(handler));
}

void Dispatcher::set_exception_handler(ExceptionHandler handler) {
    exchange(mutex_, exception_handler_, std::move(handler));
}

bool Dispatcher::push_message(Delivery delivery) {
    const std::lock_guard lock(mutex_);
    if (flow_ != Flow::open && delivery.settle) return true;  // it stays with the hub
    if (messages_.size() >= messages_held_max) return false;
    messages_.push_back(std::move(delivery));
    wake();
    return true;
}

void Dispatcher::push_state_change() {
    notify(StateChange{});
}

void Dispatcher::push_token_required() {
    notify(TokenRequired{});
}

void Dispatcher::push_exception(std::exception_ptr exception) {
    notify(std::move(exception));
}

void Dispatcher::notify(Notice notice) {
    const std::lock_guard lock(mutex_);
    if (notices_.size() >= notices_held_max) return;
    notices_.push_back(std::move(notice));
    wake();
}

void Dispatcher::forget_unsettled() {
    const std::lock_guard lock(mutex_);
    std::erase_if(messages_, [](const Delivery& held) { return held.settle != nullptr; });
}

bool Dispatcher::pause(Patience patience) {
    std::unique_lock lock(mutex_);
    if (flow_ == Flow::open) flow_ = Flow::paused;
    std::erase_if(messages_, [](const Delivery& held) { return held.settle != nullptr; });
    if (on_thread()) return true;
    return changed_.wait_for(lock, patience, [this] { return !handling_message_; });
}

void Dispatcher::resume() {
    const std::lock_guard lock(mutex_);
    if (flow_ == Flow::paused) flow_ = Flow::open;
    wake();
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

std::optional<Dispatcher::Delivery> Dispatcher::take(Patience patience) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, patience,
                      [this] { return flow_ == Flow::stopped || !messages_.empty(); });
    if (flow_ == Flow::stopped || messages_.empty()) return std::nullopt;
    Delivery delivery = std::move(messages_.front());
    messages_.pop_front();
    return delivery;
}

void Dispatcher::run() {
    thread_ = std::this_thread::get_id();
    std::unique_lock lock(mutex_);
    do {
        changed_.wait(
            lock, [this] { return flow_ == Flow::stopped || !notices_.empty() || can_deliver(); });
    } while (deliver_one(lock));
    ended_ = true;
    changed_.notify_all();
}

std::size_t Dispatcher::poll() {
    std::unique_lock lock(mutex_);
    if (!ended_ || flow_ == Flow::stopped) return 0;  // on another thread, or over
    ended_ = false;
    thread_ = std::this_thread::get_id();
    eventfd_t count = 0;
    eventfd_read(descriptor_, &count);
    const std::size_t waiting = notices_.size() + messages_.size();
    std::size_t done = 0;
    while (done < waiting && deliver_one(lock)) ++done;
    if (!notices_.empty() || can_deliver()) wake();
    thread_ = std::thread::id();
    ended_ = true;
    changed_.notify_all();
    return done;
}

bool Dispatcher::deliver_one(std::unique_lock<std::mutex>& lock) {
    if (!notices_.empty()) {
        deliver_notice(lock);
    } else if (can_deliver()) {
        deliver_message(lock);
    } else {
        return false;
    }
    run_deferred(lock);
    return true;
}

// What belongs to the application (handlers, messages, deferred work) is let go of without the
// lock: its destructors may well call the client.

void Dispatcher::deliver_notice(std::unique_lock<std::mutex>& lock) {
    Notice notice = std::move(notices_.front());
    notices_.pop_front();
    auto on_state = state_handler_;
    auto on_token = token_handler_;
    auto on_exception = exception_handler_;
    lock.unlock();
    if (const auto* exception = std::get_if<std::exception_ptr>(&notice)) {
        if (on_exception) report(*on_exception, *exception);
    } else if (std::holds_alternative<TokenRequired>(notice)) {
        if (on_token) call("on_new_sastoken_required", *on_token);
    } else if (on_state) {
        call("on_connection_state_change", *on_state);
    }
    notice = StateChange{};
    on_state.reset();
    on_token.reset();
    on_exception.reset();
    lock.lock();
}

void Dispatcher::deliver_message(std::unique_lock<std::mutex>& lock) {
    Delivery delivery = std::move(messages_.front());
    messages_.pop_front();
    auto handler = message_handler_;
    handling_message_ = true;
    lock.unlock();
    auto settlement = Settlement::abandon;
    call("on_message_received", [&] { settlement = (*handler)(delivery.message); });
    if (delivery.settle) delivery.settle(settlement);
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

void Dispatcher::call(std::string_view name, const std::function<void()>& handler) {
    try {
        handler();
    } catch (...) {
        // Python's sentence for it.
        push_exception(std::make_exception_ptr(
            ClientError(fmt::format("HANDLER ({}): Error during invocation: {}", name,
                                    text_of(std::current_exception())),
                        0, false, "let the handler catch what it throws")));
    }
}

}  // namespace restante::device
