#include "https_session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/encoding.hpp"
#include "base/uuid.hpp"
#include "core.hpp"
#include "message_properties.hpp"
#include "wire/error_table.hpp"
#include "wire/http_device_message.hpp"

namespace restante::device {
namespace {

constexpr std::string_view api_version = "2021-04-12";

/// How long an answer may take at least; a hub that writes to a busy disk needs its time.
constexpr Milliseconds response_timeout_min = std::chrono::seconds(10);

constexpr std::string_view events = "/messages/events";
constexpr std::string_view devicebound = "/messages/devicebound";

http::ClientOptions engine_options(const Configuration& configuration) {
    return {.host = configuration.hub,
            .body_bytes_max = http::body_bytes_max_default,
            .response_timeout =
                std::clamp<Milliseconds>(configuration.options.keep_alive, response_timeout_min,
                                         http::response_timeout_default)};
}

/// Whether no other request of this device's would fare better.
bool ends_connection(const Error& error, int status) {
    return failure_of_hub(error, true).kind == FailureKind::credential || status == 401 ||
           status == 429 || status >= 500;
}

wire::HubError error_of(const http::Response& response) {
    return wire::http_error(static_cast<unsigned>(response.status),
                            response.headers.find(wire::http_error_header).value_or(""),
                            as_text(response.body));
}

}  // namespace

HttpsSession::HttpsSession(Core& core, const Configuration& configuration, std::string token)
    : HubSession(core),
      configuration_(configuration),
      token_(std::move(token)),
      engine_(engine_options(configuration)) {}

// -- the connection ------------------------------------------------------------------------------

void HttpsSession::start(net::ConnectionHandle handle, const net::Peer&, Now now) {
    handle_ = std::move(handle);
    now_ = now.steady;
    if (core_ != nullptr) core_->on_established();
    push_probe();
}

void HttpsSession::receive(BytesView bytes, Now now) {
    now_ = now.steady;
    engine_.receive(bytes, now.steady);
    handle_events();
}

Bytes HttpsSession::take_output() {
    if (!calling_ && !calls_.empty() && !engine_.finished() && !failure_) {
        calling_ = true;
        if (const auto sent = engine_.send(calls_.front().request, now_); !sent) {
            give_up(sent.error());
        }
    }
    return engine_.take_output();
}

/// Whether the next thing to do in a silence is to ask for messages.
bool HttpsSession::polls_next() const {
    return subscribed_ && held_.empty() && poll_at_ <= probe_at_;
}

SteadyTime HttpsSession::idle_deadline() const {
    return polls_next() ? poll_at_ : probe_at_;
}

std::optional<SteadyTime> HttpsSession::next_deadline() const {
    if (calling_) return engine_.next_deadline();
    if (!calls_.empty() || !accepted_ || closing_) return std::nullopt;
    return idle_deadline();
}

void HttpsSession::advance(Now now) {
    now_ = now.steady;
    engine_.advance(now.steady);
    handle_events();
    const bool idle = accepted_ && calls_.empty() && !closing_ && !engine_.finished();
    if (!idle || now.steady < idle_deadline()) return;
    if (polls_next()) {
        push(Purpose::poll, request("GET", devicebound));
    } else {
        push_probe();
    }
}

bool HttpsSession::finished() const {
    return engine_.finished() || failure_ || (closing_ && calls_.empty());
}

void HttpsSession::say_goodbye() {
    closing_ = true;
    subscribed_ = false;
    // What is on the wire is waited for, and what was handled is still said; all else is sent again
    // or was not asked for yet.
    const auto first = calls_.begin() + (calling_ ? 1 : 0);
    calls_.erase(
        std::remove_if(first, calls_.end(),
                       [](const Call& call) { return call.purpose != Purpose::settlement; }),
        calls_.end());
    // Its lock would hold it back from the next connection.
    if (!held_.empty()) push_settlement(std::exchange(held_, {}), Settlement::abandon);
}

// -- requests ------------------------------------------------------------------------------------

http::Request HttpsSession::request(std::string method, std::string_view path) const {
    http::Request request;
    request.method = std::move(method);
    request.target = fmt::format("/devices/{}{}{}api-version={}",
                                 percent_encode(configuration_.identity.device.value()), path,
                                 path.contains('?') ? '&' : '?', api_version);
    if (!token_.empty()) request.headers.add("Authorization", token_);
    request.headers.add("User-Agent", configuration_.client_type());
    return request;
}

void HttpsSession::push(Purpose purpose, http::Request request, std::uint64_t number) {
    calls_.push_back({.purpose = purpose, .request = std::move(request), .number = number});
}

void HttpsSession::push_settlement(std::string_view lock_token, Settlement settlement) {
    const auto path = fmt::format("{}/{}", devicebound, percent_encode(lock_token));
    switch (settlement) {
        case Settlement::complete:
            return push(Purpose::settlement, request("DELETE", path));
        case Settlement::reject:
            return push(Purpose::settlement, request("DELETE", path + "?reject"));
        case Settlement::abandon:
            return push(Purpose::settlement, request("POST", path + "/abandon"));
    }
}

void HttpsSession::push_probe() {
    push_settlement(Uuid().to_string(), Settlement::abandon);
    calls_.back().purpose = Purpose::probe;
}

void HttpsSession::subscribe() {
    subscribed_ = true;
    push(Purpose::subscription, request("GET", devicebound));
}

void HttpsSession::unsubscribe() {
    subscribed_ = false;
    if (core_ != nullptr) core_->on_unsubscribed();
}

Outcome HttpsSession::send(std::uint64_t number, const Message& message) {
    http::Request telemetry = request("POST", events);
    telemetry.headers.add("iothub-to",
                          fmt::format("/{}{}", configuration_.identity.path(), events));
    for (const auto& header : wire::telemetry_to_http(to_properties(message))) {
        telemetry.headers.add(header.name, header.value);
    }
    telemetry.body = to_bytes(message.data);
    push(Purpose::telemetry, std::move(telemetry), number);
    return std::nullopt;
}

// -- answers -------------------------------------------------------------------------------------

void HttpsSession::handle_events() {
    while (auto event = engine_.next_event()) {
        if (auto* received = std::get_if<http::ResponseReceived>(&*event)) {
            const Call call = std::move(calls_.front());
            calls_.pop_front();
            calling_ = false;
            probe_at_ = now_ + Milliseconds(configuration_.options.keep_alive) / 2;
            answer(call, std::move(received->response));
        } else if (!failure_) {
            failure_ = failure_of(std::get<http::RequestsFailed>(*event).error, accepted_);
        }
    }
}

void HttpsSession::answer(const Call& call, http::Response response) {
    std::optional<wire::HubError> error;
    if (response.status >= 300) error = error_of(response);
    if (error && ends_connection(*error, response.status)) return give_up(*error, error->number);
    switch (call.purpose) {
        case Purpose::probe:
            return on_probe();
        case Purpose::subscription:
        case Purpose::poll:
            return on_poll(call.purpose, std::move(response));
        case Purpose::settlement:
            return on_settlement();
        case Purpose::telemetry:
            return on_telemetry(call.number, error ? Outcome(Failure{FailureKind::refused,
                                                                     error->message, error->number})
                                                   : std::nullopt);
    }
}

void HttpsSession::on_probe() {
    if (std::exchange(accepted_, true)) return;
    if (core_ != nullptr) core_->on_accepted(false);
}

void HttpsSession::on_poll(Purpose purpose, http::Response response) {
    const bool granted = response.status == 200 || response.status == 204;
    if (response.status == 200) {
        on_message(std::move(response));
    } else {
        poll_at_ = now_ + Milliseconds(configuration_.options.polling_interval);
    }
    if (purpose == Purpose::subscription && core_ != nullptr) core_->on_subscribed(granted);
}

void HttpsSession::on_message(http::Response response) {
    auto tag = response.headers.find("ETag").value_or("");
    if (tag.size() >= 2 && tag.starts_with('"') && tag.ends_with('"')) {
        tag = tag.substr(1, tag.size() - 2);
    }
    const std::string lock_token(tag);
    if (!subscribed_ || core_ == nullptr) {
        return push_settlement(lock_token, Settlement::abandon);
    }
    auto properties = wire::devicebound_from_http(response.headers);
    if (!properties) {
        push_settlement(lock_token, Settlement::reject);
        return core_->on_discarded(properties.error().message);
    }
    held_ = lock_token;
    // Runs while the connection stands, hence while this session lives, or not at all.
    Settle settle = [this, handle = handle_, lock_token](Settlement settlement) {
        handle.post([this, lock_token, settlement] {
            if (held_ == lock_token) held_.clear();
            push_settlement(lock_token, settlement);
        });
    };
    core_->on_message(to_message(*std::move(properties), response.body), std::move(settle));
}

void HttpsSession::on_settlement() {
    // A lock that was lost meanwhile (412) means that the hub delivers the message again.
    poll_at_ = now_;
}

void HttpsSession::on_telemetry(std::uint64_t number, const Outcome& refusal) {
    if (core_ != nullptr) core_->on_sent(number, refusal);
}

void HttpsSession::give_up(const Error& reason, std::uint32_t number) {
    if (!failure_) failure_ = failure_of_hub(reason, accepted_, number);
}

}  // namespace restante::device
