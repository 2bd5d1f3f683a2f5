#include "client_impl.hpp"

#include <utility>

#include "message_properties.hpp"
#include "stragglers.hpp"

namespace restante::device {
namespace {

/// How long disconnect() and shutdown() wait for a handler that is running.
constexpr std::chrono::milliseconds handler_patience = std::chrono::seconds(10);

[[noreturn]] void raise(const Failure& failure) {
    std::rethrow_exception(to_exception(failure));
}

void finish(std::future<Outcome> outcome) {
    if (const Outcome failure = outcome.get()) raise(*failure);
}

}  // namespace

ClientImpl::ClientImpl(const Configuration& configuration)
    : configuration_(configuration),
      dispatcher_(std::make_shared<Dispatcher>(configuration.options.own_loop
                                                   ? Dispatcher::Driver::own_loop
                                                   : Dispatcher::Driver::thread)),
      core_(std::make_shared<Core>(configuration, dispatcher_)) {
    if (configuration.options.own_loop) return;
    std::promise<void> end;
    thread_ended_ = end.get_future();
    thread_ = std::thread([dispatcher = dispatcher_, end = std::move(end)]() mutable {
        dispatcher->run();
        dispatcher.reset();
        end.set_value();
    });
}

ClientImpl::~ClientImpl() {
    shutdown();
    if (thread_.joinable()) keep_straggler(std::move(thread_), std::move(thread_ended_));
}

void ClientImpl::check_open() const {
    if (shut_down_) raise({FailureKind::shut_down, ""});
}

void ClientImpl::connect() {
    finish(core_->connect());
}

void ClientImpl::disconnect() {
    if (dispatcher_->on_thread()) {
        dispatcher_->after_handler([core = core_, dispatcher = dispatcher_] {
            dispatcher->pause(std::chrono::milliseconds(0));
            finish(core->disconnect());
        });
        return;
    }
    dispatcher_->pause(handler_patience);
    finish(core_->disconnect());
}

void ClientImpl::shutdown() {
    const bool first = !shut_down_.exchange(true);
    core_->refuse_requests();
    if (dispatcher_->on_thread()) {
        if (!first) return;
        dispatcher_->after_handler([core = core_, dispatcher = dispatcher_] {
            dispatcher->pause(std::chrono::milliseconds(0));
            finish(core->disconnect());
            dispatcher->stop(std::chrono::milliseconds(0));
        });
        return;
    }
    const std::lock_guard lock(ending_);
    if (ended_ || gave_up_) return;
    const bool idle = dispatcher_->pause(handler_patience);
    finish(core_->disconnect());
    const bool ended = dispatcher_->stop(idle ? handler_patience : std::chrono::milliseconds(0));
    core_->stop();
    gave_up_ = !ended;
    ended_ = ended;
    if (ended && thread_.joinable()) thread_.join();
}

void ClientImpl::send_message(const Message& message) {
    check_telemetry(configuration_.identity, message);
    finish(core_->send(message));
}

std::optional<Message> ClientImpl::receive_message(std::chrono::milliseconds timeout) {
    {
        const std::lock_guard lock(setting_);
        if (mode_ == Mode::handler) {
            raise({FailureKind::misused,
                   "Cannot use receive APIs - receive handler(s) have already been set"});
        }
        if (mode_ == Mode::open) {
            finish(core_->want_messages(true));
            mode_ = Mode::receive;
        }
    }
    auto delivery = dispatcher_->take(timeout);
    if (!delivery) return std::nullopt;
    if (delivery->settle) delivery->settle(Settlement::complete);
    return std::move(delivery->message);
}

void ClientImpl::update_sastoken(const std::string& sastoken) {
    if (!std::holds_alternative<TokenCredentials>(configuration_.credentials)) {
        raise(
            {FailureKind::misused, "Cannot update sastoken when client was not created with one"});
    }
    finish(
        core_->replace_token(configuration_.read_other_token(sastoken, SystemClock().now().wall)));
}

void ClientImpl::check_own_loop() const {
    if (!configuration_.options.own_loop) {
        raise({FailureKind::misused,
               "the client runs its handlers on a thread of its own; "
               "set own_loop among its options"});
    }
}

void ClientImpl::on_message_received(Dispatcher::MessageHandler handler) {
    const bool wanted = handler != nullptr;
    const std::lock_guard lock(setting_);
    if (mode_ == Mode::receive) {
        raise({FailureKind::misused,
               "Cannot set receive handlers - receive APIs have already been used"});
    }
    mode_ = Mode::handler;
    auto before = dispatcher_->set_message_handler(std::move(handler));
    const Outcome failure = core_->want_messages(wanted).get();
    if (!failure) return;
    if (wanted) {
        if (!before) core_->forget_messages();
        dispatcher_->set_message_handler(std::move(before));
    }
    raise(*failure);
}

void ClientImpl::check_settles() const {
    if (configuration_.options.transport != Transport::mqtt) return;
    raise({FailureKind::misused,
           "MQTT has no word for abandoning or rejecting a message; "
           "choose Transport::amqp or Transport::https among the options"});
}

}  // namespace restante::device
