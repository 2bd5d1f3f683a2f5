#include "drain_task.hpp"

#include <fmt/format.h>

#include "amqp_device_session.hpp"
#include "https_device_session.hpp"
#include "mqtt_device_session.hpp"
#include "websocket_tunnel.hpp"
#include "wire/device_json.hpp"

namespace restante::fleet {
namespace {

/// For one device's call. With 500 others beside it on one core it takes a few seconds.
constexpr std::chrono::seconds call_timeout{60};
constexpr std::chrono::seconds look_for_late_calls_every{1};

std::optional<std::string> still_waiting(const Member&, BytesView body) {
    const auto device = wire::device_from_json(as_text(body));
    if (!device) return device.error().message;
    const std::size_t waiting = device->description.cloud_to_device_message_count;
    if (waiting == 0) return std::nullopt;
    return fmt::format("{} messages still wait", waiting);
}

}  // namespace

DrainTask::DrainTask(HubClient& hub, const Options& options, Tally& tally)
    : hub_(hub),
      options_(options),
      tally_(tally),
      timer_(hub.loop().context()),
      registry_(hub, tally, "found_empty",
                {.method = "GET",
                 .body = [](const Member&) { return Bytes{}; },
                 .check = still_waiting}) {
    for (std::size_t number = 1; number <= options.count; ++number) {
        inboxes_.emplace_back(Member(number), options.each, options.bytes);
    }
}

void DrainTask::start() {
    end_late_calls();
    start_round(Round::first_calls);
}

void DrainTask::start_round(Round round) {
    round_ = round;
    round_began_ = hub_.now().steady;
    next_ = 0;
    if (round == Round::registry) {
        registry_.start(options_.count, [this] {
            timer_.cancel();
            finish();
        });
    } else {
        call_next();
    }
}

void DrainTask::call_next() {
    while (calls_.size() < options_.concurrent && next_ < inboxes_.size()) {
        Inbox& inbox = inboxes_[next_++];
        // A device whose first call went wrong has nothing to prove in a second one, and one that
        // polls over HTTPS has asked until nothing came.
        const bool needless =
            round_ == Round::second_calls &&
            (!inbox.complete() || transport_of(inbox.member()) == Transport::https);
        if (!needless) call(inbox);
    }
    if (!calls_.empty()) return;
    const std::chrono::duration<double> took = hub_.now().steady - round_began_;
    const bool first = round_ == Round::first_calls;
    tally_.seconds[first ? "drain" : "second_calls"] = took.count();
    start_round(first ? Round::second_calls : Round::registry);
}

Transport DrainTask::transport_of(const Member& member) const {
    return options_.transports[member.number() % options_.transports.size()];
}

void DrainTask::call(Inbox& inbox) {
    calls_[&inbox].until = hub_.now().steady + call_timeout;
    auto session =
        device_session(inbox, [this, &inbox](const auto& fault) { call_ended(inbox, fault); });
    auto port = HubClient::Port::https;
    const Transport transport = transport_of(inbox.member());
    if (transport == Transport::mqtt) port = HubClient::Port::mqtt;
    if (transport == Transport::amqp) port = HubClient::Port::amqp;
    auto handle = hub_.connect(port, std::move(session));
    // A loop that is ending ends the call inside connect().
    if (const auto begun = calls_.find(&inbox); begun != calls_.end()) {
        begun->second.handle = std::move(handle);
    }
}

std::unique_ptr<net::Session> DrainTask::device_session(Inbox& inbox, Ended ended) {
    const auto tunnel = [&](std::string subprotocol, std::unique_ptr<net::Session> inner) {
        return std::make_unique<WebSocketTunnel>(hub_.host(), std::move(subprotocol),
                                                 std::move(inner));
    };
    switch (transport_of(inbox.member())) {
        case Transport::mqtt:
            return std::make_unique<MqttDeviceSession>(hub_, inbox, std::move(ended));
        case Transport::mqtt_websocket:
            return tunnel("mqtt",
                          std::make_unique<MqttDeviceSession>(hub_, inbox, std::move(ended)));
        case Transport::amqp:
            return std::make_unique<AmqpDeviceSession>(hub_, inbox, std::move(ended));
        case Transport::amqp_websocket:
            return tunnel("AMQPWSB10",
                          std::make_unique<AmqpDeviceSession>(hub_, inbox, std::move(ended)));
        case Transport::https:
            return std::make_unique<HttpsDeviceSession>(hub_, inbox, std::move(ended));
    }
    return nullptr;
}

void DrainTask::call_ended(Inbox& inbox, const std::optional<Error>& fault) {
    const std::string transport(name(transport_of(inbox.member())));
    const bool late = calls_[&inbox].late;
    calls_.erase(&inbox);
    if (fault) {
        tally_.error(fmt::format("{} over {}, after {} messages: {}", inbox.member().name(),
                                 transport, inbox.taken(),
                                 late ? "the call took too long" : fault->message));
        // Nobody else ends a call from this side: the deadline of the whole has come.
        stopping_ = stopping_ || (!late && fault->code == ErrorCode::cancelled);
    }
    if (round_ == Round::first_calls) {
        tally_.counts["received"] += inbox.taken();
        tally_.counts["received_" + transport] += inbox.taken();
        if (!fault && inbox.complete()) ++tally_.counts["devices"];
    } else if (!fault) {
        ++tally_.counts["called_again"];
    }
    if (!stopping_) call_next();
}

void DrainTask::end_late_calls() {
    const SteadyTime now = hub_.now().steady;
    for (auto& [inbox, call] : calls_) {
        if (call.late || now < call.until) continue;
        call.late = true;
        call.handle.close();
    }
    timer_.expires_after(look_for_late_calls_every);
    timer_.async_wait([this](boost::system::error_code cancelled) {
        if (!cancelled) end_late_calls();
    });
}

}  // namespace restante::fleet
