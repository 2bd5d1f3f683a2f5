#include "core.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "amqp_session.hpp"
#include "auth/shared_access_signature.hpp"
#include "base/random.hpp"
#include "https_session.hpp"
#include "mqtt_session.hpp"
#include "net/connector.hpp"
#include "sdk/websocket/client_session.hpp"
#include "stragglers.hpp"

namespace restante::device {
namespace {

/// How long before its expiry a token is replaced; half its life when that is shorter.
constexpr Milliseconds renewal_margin = std::chrono::seconds(120);

std::uint32_t random_seed() {
    std::uint32_t seed = 0;
    const Bytes bytes = random_bytes(sizeof seed);
    std::memcpy(&seed, bytes.data(), sizeof seed);
    return seed;
}

}  // namespace

Core::Core(Configuration configuration, std::shared_ptr<Dispatcher> dispatcher)
    : configuration_(std::move(configuration)),
      dispatcher_(std::move(dispatcher)),
      machine_({.retry = configuration_.options.connection_retry,
                .retry_interval = configuration_.options.connection_retry_interval},
               random_seed()),
      loops_(std::make_unique<net::Loops>(1)),
      loop_(loops_->at(0)),
      timer_(std::make_unique<net::Timer>(loop_.context())) {
    if (std::holds_alternative<TokenCredentials>(configuration_.credentials)) {
        loop_.post([this] { await_token_due(); });
    }
}

Core::~Core() {
    stop();
    timer_.reset();
    // A host name still being looked up cannot be interrupted, and its thread is waited for here.
    if (looking_up_) run_aside([loops = std::move(loops_)]() mutable { loops.reset(); });
}

void Core::stop() {
    const std::lock_guard lock(stopping_);
    loops_->stop();
}

// -- requests ------------------------------------------------------------------------------------

std::future<Outcome> Core::request(std::function<void(Waiter)> work) {
    Waiter waiter;
    auto outcome = waiter.get_future();
    auto task = [this, waiter = std::move(waiter), work = std::move(work)]() mutable {
        if (refusing_) return waiter.set_value(Failure{FailureKind::shut_down, ""});
        work(std::move(waiter));
    };
    if (loop_.post(std::move(task))) return outcome;
    Waiter late;
    late.set_value(Failure{FailureKind::shut_down, ""});
    return late.get_future();
}

std::future<Outcome> Core::connect() {
    return request([this](Waiter waiter) {
        ready_waiters_.push_back(std::move(waiter));
        apply(machine_.connect(now()));
    });
}

std::future<Outcome> Core::disconnect() {
    Waiter waiter;
    auto outcome = waiter.get_future();
    auto task = [this, waiter = std::move(waiter)]() mutable {
        disconnected_waiters_.push_back(std::move(waiter));
        apply(machine_.disconnect(now()));
    };
    if (loop_.post(std::move(task))) return outcome;
    Waiter late;
    late.set_value(std::nullopt);
    return late.get_future();
}

std::future<Outcome> Core::want_messages(bool wanted) {
    return request([this, wanted](Waiter waiter) {
        wanted ? begin_wanting(std::move(waiter)) : end_wanting(std::move(waiter));
    });
}

std::future<Outcome> Core::send(Message message) {
    return request([this, message = std::move(message)](Waiter waiter) mutable {
        if (sending_.full()) {
            return waiter.set_value(
                Failure{FailureKind::full,
                        fmt::format("{} messages wait to be sent already", sending_held_max)});
        }
        const bool open = machine_.state() == ConnectionMachine::State::connected;
        if (!open && !configuration_.options.auto_connect) {
            return waiter.set_value(Failure{FailureKind::not_connected, ""});
        }
        sending_.add(std::move(message), std::move(waiter), now());
        if (open) {
            handle_.post([this, session = session_] {
                if (session == session_) flush_sending();
            });
        } else if (!machine_.retrying()) {
            apply(machine_.connect(now()));
        }
        arm_timer();
    });
}

std::future<Outcome> Core::replace_token(TokenCredentials token) {
    return request([this, token = std::move(token)](Waiter waiter) mutable {
        configuration_.credentials = std::move(token);
        ready_waiters_.push_back(std::move(waiter));
        apply(machine_.renew(now()));
        await_token_due();
    });
}

void Core::await_token_due() {
    const Now at = clock_.now();
    const Milliseconds life =
        std::get<TokenCredentials>(configuration_.credentials).expiry - at.wall;
    token_due_ = at.steady + life - std::min(renewal_margin, life / 2);
    arm_timer();
}

void Core::forget_messages() {
    loop_.post([this] { wants_messages_ = false; });
}

void Core::refuse_requests() {
    loop_.post([this] {
        refusing_ = true;
        answer(ready_waiters_, Failure{FailureKind::cancelled, ""});
        sending_.fail_all({FailureKind::cancelled, ""});
    });
}

void Core::begin_wanting(Waiter waiter) {
    const bool open = machine_.state() == ConnectionMachine::State::connected;
    if (!open && !configuration_.options.auto_connect) {
        return waiter.set_value(Failure{FailureKind::not_connected, ""});
    }
    wants_messages_ = true;
    if (!open) {
        ready_waiters_.push_back(std::move(waiter));
        return apply(machine_.connect(now()));
    }
    if (subscription_ == Subscription::standing) return waiter.set_value(std::nullopt);
    ready_waiters_.push_back(std::move(waiter));
    if (subscription_ == Subscription::requested) return;
    handle_.post([this, session = session_] {
        if (session == session_) subscribe();
    });
}

void Core::end_wanting(Waiter waiter) {
    wants_messages_ = false;
    const bool open = machine_.state() == ConnectionMachine::State::connected;
    if (!open || subscription_ == Subscription::none) return waiter.set_value(std::nullopt);
    ready_waiters_.push_back(std::move(waiter));
    handle_.post([this, session = session_] {
        if (session == session_) unsubscribe();
    });
}

// -- decisions carried out -----------------------------------------------------------------------

void Core::apply(Step step) {
    if (step.abort) drop_session();
    if (step.close) {
        handle_.post([session = session_] { session->say_goodbye(); });
    }
    if (step.connected) {
        connected_ = *step.connected;
        if (!connected_) {
            dispatcher_->forget_unsettled();
            sending_.rewind();
        }
        dispatcher_->push_state_change();
    }
    if (step.report) dispatcher_->push_exception(to_exception(*step.report));
    if (step.ready) {
        answer(ready_waiters_, step.ready->failure);
        // No connection is coming that they could wait for.
        if (step.ready->failure && !machine_.wanted()) sending_.fail_all(*step.ready->failure);
    }
    if (step.disconnected) answer(disconnected_waiters_, std::nullopt);
    if (step.open) open();
    arm_timer();
}

void Core::answer(std::vector<Waiter>& waiters, const Outcome& outcome) {
    for (auto& waiter : std::exchange(waiters, {})) waiter.set_value(outcome);
}

void Core::open() {
    auto token = make_token();
    if (!token) {
        const Failure failure{FailureKind::credential, token.error().message};
        return apply(machine_.ended(failure, now()));
    }
    auto session = make_session(*std::move(token));
    subscription_ = Subscription::none;
    restoring_ = false;
    unanswered_ = 0;
    looking_up_ = true;
    net::ConnectOptions options;
    options.host = configuration_.host;
    options.port = configuration_.port;
    options.tls = configuration_.tls;
    options.proxy = configuration_.proxy;
    handle_ = net::connect(loop_, clock_, std::move(options), std::move(session));
}

/// What the connection carries; session_ is its inside.
std::unique_ptr<net::Session> Core::make_session(std::string token) {
    const Transport transport = configuration_.options.transport;
    std::unique_ptr<HubSession> session;
    if (transport == Transport::mqtt) {
        session = std::make_unique<MqttSession>(*this, configuration_, std::move(token));
    } else if (transport == Transport::amqp) {
        session = std::make_unique<AmqpSession>(*this, configuration_, std::move(token));
    } else {
        session = std::make_unique<HttpsSession>(*this, configuration_, std::move(token));
    }
    session_ = session.get();
    if (!configuration_.options.websockets) return session;
    websocket::ClientOpening opening;
    opening.host = configuration_.host;
    opening.target = websocket::hub_target;
    opening.subprotocol =
        transport == Transport::mqtt ? websocket::mqtt_subprotocol : websocket::amqp_subprotocol;
    return std::make_unique<websocket::ClientSession>(std::move(opening), std::move(session));
}

Result<std::string> Core::make_token() {
    const Now at = clock_.now();
    renew_at_.reset();
    if (const auto* own = std::get_if<KeyCredentials>(&configuration_.credentials)) {
        const Milliseconds life = configuration_.options.sastoken_ttl;
        renew_at_ = at.steady + life - std::min(renewal_margin, life / 2);
        return auth::SharedAccessSignature::create(configuration_.resource(), own->key,
                                                   at.wall + life, own->policy);
    }
    const auto* given = std::get_if<TokenCredentials>(&configuration_.credentials);
    if (given == nullptr) return std::string();
    if (at.wall > given->expiry) {
        return fail(ErrorCode::unauthorized,
                    "the shared access signature has expired; give a new one to update_sastoken");
    }
    return given->token;
}

void Core::drop_session() {
    if (session_ == nullptr) return;
    std::exchange(session_, nullptr)->abandon();
    handle_.close();
}

void Core::end_connection(Failure failure) {
    drop_session();
    apply(machine_.ended(std::move(failure), now()));
}

void Core::arm_timer() {
    timer_->cancel();
    std::optional<SteadyTime> due;
    for (const auto& each : {machine_.next_deadline(), sending_.next_deadline(), token_due_}) {
        if (each && (!due || *each < *due)) due = each;
    }
    if (!due) return;
    timer_->expires_after(std::max(Milliseconds(1), *due - now()));
    timer_->async_wait([this](const auto& cancelled) {
        if (!cancelled) advance();
    });
}

void Core::advance() {
    const SteadyTime at = now();
    sending_.advance(at);
    if (token_due_ && at >= *token_due_) {
        token_due_.reset();
        dispatcher_->push_token_required();
    }
    apply(machine_.advance(at));
}

// -- reports of the session ----------------------------------------------------------------------

void Core::on_accepted(bool session_present) {
    dispatcher_->resume();
    if (session_present && stored_) subscription_ = Subscription::standing;
    apply(machine_.accepted(renew_at_));
    flush_sending();
    const bool standing = subscription_ == Subscription::standing;
    if (wants_messages_ == standing) return apply(machine_.ready(now()));
    restoring_ = machine_.wanted();
    wants_messages_ ? subscribe() : unsubscribe();
}

void Core::subscribe() {
    ++unanswered_;
    subscription_ = Subscription::requested;
    machine_.requested(now());
    session_->subscribe();
    arm_timer();
}

void Core::unsubscribe() {
    ++unanswered_;
    subscription_ = Subscription::none;
    machine_.requested(now());
    session_->unsubscribe();
    arm_timer();
}

void Core::on_subscribed(bool granted) {
    if (granted) {
        if (subscription_ == Subscription::requested) subscription_ = Subscription::standing;
        stored_ = true;
        return answered();
    }
    const Failure refusal{FailureKind::refused, "the hub refuses the subscription to messages"};
    if (!machine_.wanted() || restoring_) return end_connection(refusal);
    // The application asked on a connection that serves otherwise: it hears, and all else stays.
    subscription_ = Subscription::none;
    wants_messages_ = false;
    answer(ready_waiters_, refusal);
    answered();
}

void Core::on_unsubscribed() {
    stored_ = false;
    answered();
}

void Core::answered() {
    if (--unanswered_ > 0) return;
    restoring_ = false;
    apply(machine_.ready(now()));
}

void Core::on_message(Message message, Settle settle) {
    const bool kept = settle != nullptr;
    if (dispatcher_->push_message({.message = std::move(message), .settle = std::move(settle)})) {
        return;
    }
    dispatcher_->push_exception(to_exception(
        {FailureKind::full,
         fmt::format("a message found {} others waiting for their handler; {}", messages_held_max,
                     kept ? "the hub keeps it and sends it again" : "it is lost (QoS 0)")}));
}

void Core::on_discarded(std::string_view why) {
    dispatcher_->push_exception(
        to_exception({FailureKind::protocol, fmt::format("a message was discarded: {}", why)}));
}

void Core::flush_sending() {
    while (const auto entry = sending_.next()) {
        const auto refused = session_->send(entry->number, entry->message);
        if (refused) sending_.answer(entry->number, refused);
    }
}

void Core::on_sent(std::uint64_t number, const Outcome& outcome) {
    sending_.answer(number, outcome);
    flush_sending();
}

void Core::on_ended(Failure failure) {
    session_ = nullptr;
    apply(machine_.ended(std::move(failure), now()));
}

}  // namespace restante::device
