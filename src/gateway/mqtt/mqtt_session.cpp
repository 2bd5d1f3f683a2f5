#include "gateway/mqtt/mqtt_session.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "wire/property_bag.hpp"

namespace restante::gateway {
namespace {

/// Changes of a kept session's subscriptions that wait for the disk. SDKs make one to four when
/// they connect; a device that sends them without end would have the hub keep what the disk cannot.
constexpr std::size_t subscription_changes_max = 64;

/// Filters of hub features that some SDKs subscribe to before they do anything else, refusing to
/// connect without them. Granted, so that messages flow; nothing is published there yet.
bool is_feature_filter(std::string_view filter) {
    return filter == "$iothub/methods/POST/#" || filter == "$iothub/twin/res/#" ||
           filter == "$iothub/twin/PATCH/properties/desired/#";
}

/// A message keeps its packet id over reconnects and restarts [MQTT-4.4.0-1] because the id comes
/// from its place in the queue; at most a queue's depth of them are out at once, so none collide.
mqtt::PacketId packet_id_of(model::SequenceNumber sequence) {
    return static_cast<mqtt::PacketId>(sequence.value % 0xFFFF + 1);
}

}  // namespace

void MqttSession::start(net::ConnectionHandle handle, const net::Peer& peer, Now now) {
    handle_ = std::move(handle);
    peer_ = peer;
    now_ = now;
    engine_.emplace(mqtt::ServerLimits{}, now.steady);
}

void MqttSession::receive(BytesView bytes, Now now) {
    now_ = now;
    engine_->receive(bytes, now.steady);
    handle_events();
}

Bytes MqttSession::take_output() {
    fetch();
    return engine_ ? engine_->take_output() : Bytes{};
}

std::optional<SteadyTime> MqttSession::next_deadline() const {
    auto deadline = engine_->next_deadline();
    if (expires_at_ && !finished()) {
        const SteadyTime expiry = now_.steady + (*expires_at_ - now_.wall);
        deadline = deadline ? std::min(*deadline, expiry) : expiry;
    }
    return deadline;
}

void MqttSession::advance(Now now) {
    now_ = now;
    engine_->advance(now.steady);
    handle_events();
    if (expires_at_ && now.wall >= *expires_at_) {
        end(Error(ErrorCode::unauthorized, fmt::format("the {}'s {} expired", kind(),
                                                       by_certificate_ ? "certificate" : "token")));
    }
}

void MqttSession::closed(const Error& reason) {
    if (attachment_) access_.hub().detach(*attachment_);
    if (claim_ && access_.log().enabled(LogLevel::debug)) {
        access_.log().debug(
            "connection_closed",
            {{"protocol", "mqtt"}, {"device", client_id_}, {"reason", reason.message}});
    }
}

void MqttSession::handle_events() {
    while (auto event = engine_->next_event()) {
        std::visit([this](auto&& e) { on(std::forward<decltype(e)>(e)); }, std::move(*event));
    }
}

// -- connect -------------------------------------------------------------------------------------

void MqttSession::on(mqtt::ConnectRequested&& event) {
    auto& connect = event.connect;
    client_id_ = connect.client_id;
    if (!connect.user_name) {
        return refuse(Error(ErrorCode::unauthorized, "CONNECT has no user name"));
    }
    const auto user = wire::MqttUsername::parse(*connect.user_name);
    if (!user) return refuse(user.error());
    Claim claim{.device = user->device_id, .module = user->module_id};
    if (claim.name() != connect.client_id) {
        return refuse(Error(ErrorCode::unauthorized,
                            "the client id is not the device (or device/module) named in the user "
                            "name"));
    }
    // An empty password is how some clients say that they have none.
    std::optional<std::string> token;
    if (connect.password && !connect.password->empty()) token = to_text(*connect.password);
    auto credential = read_credential(token, peer_);
    if (!credential) return refuse(credential.error());
    peer_.certificate_chain = {};  // read, if it was wanted
    claim_ = std::move(claim);
    by_certificate_ = std::holds_alternative<auth::ClientCertificate>(*credential);
    credential_ = *std::move(credential);
    keyring_replaced_ = access_.on_new_keyring(handle_, [this] { prove_again(); });
    access_.authenticate(
        *claim_, *credential_,
        on_connection<DeviceProof>(
            handle_, [this, clean = connect.clean_session, client = user->client_type](auto proof) {
                if (!proof) return refuse(proof.error());
                authenticated(*proof, clean, client);
            }));
}

void MqttSession::prove_again() {
    if (!credential_) return;
    access_.authenticate(*claim_, *credential_,
                         on_connection<DeviceProof>(handle_, [this](const auto& proof) {
                             if (!proof) end(proof.error());
                         }));
}

void MqttSession::authenticated(DeviceProof proof, bool clean_session,
                                const std::string& client_type) {
    if (finished()) return;
    expires_at_ = proof.expires_at;
    if (!proof.by_keyring) {
        keyring_replaced_ = {};
        credential_.reset();
    }
    attachment_ = access_.hub().new_attachment_id();
    hub::AttachRequest request{
        .id = *attachment_,
        .device = claim_->device,
        .module = claim_->module,
        .identity_version = proof.identity_version,
        .protocol = hub::Protocol::mqtt,
        .peer = fmt::format("{} {}", peer_.address, client_type),
        .events = {
            .message_available =
                [this, handle = handle_] { handle.post([this] { maybe_more_ = true; }); },
            .ended = [this, handle = handle_](
                         const Error& reason) { handle.post([this, reason] { end(reason); }); }}};
    access_.hub().attach(std::move(request), on_connection<model::MqttSubscriptions>(
                                                 handle_, [this, clean_session](auto stored) {
                                                     if (!stored) return refuse(stored.error());
                                                     attached(std::move(*stored), clean_session);
                                                 }));
}

void MqttSession::attached(model::MqttSubscriptions stored, bool clean_session) {
    // Nothing is published to a module yet, so a session of one has nothing to keep.
    keep_session_ = !clean_session && !claim_->module;
    if (keep_session_ || stored.empty()) {
        subscriptions_ = std::move(stored);
        return open(!subscriptions_.empty());
    }
    // CleanSession=1 ends the stored session [MQTT-3.1.2-6], for good once the device hears of it.
    access_.hub().put_mqtt_subscriptions(claim_->device, {},
                                         on_connection<void>(handle_, [this](const auto& ended) {
                                             ended ? open(false) : refuse(ended.error());
                                         }));
}

void MqttSession::open(bool session_present) {
    engine_->accept(session_present);
    maybe_more_ = true;
    handle_events();
}

void MqttSession::refuse(const Error& reason) {
    access_.log_refusal("mqtt", peer_, client_id_, reason);
    // 5 for all of these: the C SDK never tries again after 4, and the cause may be mended.
    const bool ours = reason.code == ErrorCode::storage_failed ||
                      reason.code == ErrorCode::service_unavailable ||
                      reason.code == ErrorCode::throttled;
    engine_->refuse(ours ? mqtt::ConnectReturnCode::server_unavailable
                         : mqtt::ConnectReturnCode::not_authorized);
}

void MqttSession::end(const Error& reason) {
    if (engine_->finished()) return;
    access_.log().warning("connection_ended", {{"protocol", "mqtt"},
                                               {"device", client_id_},
                                               {"peer", peer_.address},
                                               {"reason", reason.message}});
    engine_->close();
}

void MqttSession::on(mqtt::Disconnected&&) {}

void MqttSession::on(mqtt::Failed&& event) {
    access_.log_refusal("mqtt", peer_, client_id_, event.error);
}

// -- subscriptions -------------------------------------------------------------------------------

std::optional<std::uint8_t> MqttSession::grant(const mqtt::Subscription& wanted) const {
    const bool own = claim_->module
                         ? wire::match_module_filter(claim_->device, *claim_->module, wanted.filter)
                         : wire::match_devicebound_filter(claim_->device, wanted.filter);
    if (!own && !is_feature_filter(wanted.filter)) return std::nullopt;
    return wanted.qos == mqtt::QoS::at_most_once ? std::uint8_t{0} : std::uint8_t{1};
}

void MqttSession::on(mqtt::SubscribeRequested&& event) {
    std::vector<std::uint8_t> codes;
    bool changed = false;
    for (const auto& wanted : event.subscriptions) {
        const auto granted = grant(wanted);
        codes.push_back(granted.value_or(mqtt::subscribe_failure));
        if (!granted) {
            access_.log().warning("subscription_refused", {{"device", client_id_},
                                                           {"filter", wanted.filter},
                                                           {"reason", "no such topic here"}});
            continue;
        }
        changed = subscribe(wanted.filter, *granted) || changed;
    }
    auto answer = [this, id = event.packet_id, codes = std::move(codes)] {
        engine_->subscribe_answer(id, codes);
        maybe_more_ = true;
    };
    // A device that comes back subscribes to what its session has, which is on disk. Later a SUBACK
    // also says that what was acknowledged before has been decided; PUBACK itself has no answer.
    if (!changed && !settled_ && subscription_changes_ == 0) return answer();
    keep_subscriptions(std::move(answer));
}

/// Whether that is news.
bool MqttSession::subscribe(const std::string& filter, std::uint8_t granted_qos) {
    const auto present =
        std::ranges::find(subscriptions_, filter, &model::MqttSubscription::filter);
    if (present == subscriptions_.end()) {
        subscriptions_.push_back({.filter = filter, .granted_qos = granted_qos});
        return true;
    }
    return std::exchange(present->granted_qos, granted_qos) != granted_qos;
}

void MqttSession::on(mqtt::UnsubscribeRequested&& event) {
    std::erase_if(subscriptions_, [&](const auto& present) {
        return std::find(event.filters.begin(), event.filters.end(), present.filter) !=
               event.filters.end();
    });
    keep_subscriptions([this, id = event.packet_id] { engine_->unsubscribe_answer(id); });
}

/// A session that outlives the connection is on disk before its SUBACK or UNSUBACK.
void MqttSession::keep_subscriptions(std::function<void()> then) {
    if (!keep_session_) return then();
    if (subscription_changes_ == subscription_changes_max) {
        return end(Error(ErrorCode::protocol_error,
                         fmt::format("more than {} SUBSCRIBE and UNSUBSCRIBE packets await their "
                                     "answer",
                                     subscription_changes_max)));
    }
    ++subscription_changes_;
    access_.hub().put_mqtt_subscriptions(
        claim_->device, subscriptions_,
        on_connection<void>(handle_, [this, then = std::move(then)](const auto& kept) {
            --subscription_changes_;
            kept ? then() : end(kept.error());
        }));
}

/// The highest of the subscriptions that a message matches [MQTT-3.3.5-1].
std::optional<mqtt::QoS> MqttSession::devicebound_qos() const {
    std::optional<mqtt::QoS> highest;
    for (const auto& subscription : subscriptions_) {
        if (!wire::match_devicebound_filter(claim_->device, subscription.filter)) continue;
        const auto granted = static_cast<mqtt::QoS>(subscription.granted_qos);
        highest = highest ? std::max(*highest, granted) : granted;
    }
    return highest;
}

// -- delivery ------------------------------------------------------------------------------------

void MqttSession::fetch() {
    if (!attachment_ || fetching_ || !maybe_more_ || finished() || !devicebound_qos()) return;
    if (subscription_changes_ > 0) return;  // their answers come first
    const std::size_t room = mqtt_window - std::min(mqtt_window, engine_->in_flight());
    if (room == 0) return;
    fetching_ = true;
    maybe_more_ = false;
    access_.hub().receive(
        *attachment_, room,
        on_connection<std::vector<model::LockedMessage>>(handle_, [this, room](auto messages) {
            fetching_ = false;
            if (!messages) return end(messages.error());
            if (messages->size() == room) maybe_more_ = true;
            for (auto& locked : *messages) deliver(std::move(locked));
        }));
}

void MqttSession::deliver(model::LockedMessage locked) {
    const auto qos = devicebound_qos();
    if (!qos || finished()) return;  // unsubscribed meanwhile; the lock ends with the attachment
    // What waited too long for its body has returned to its queue, and comes again from there.
    if (locked.locked_until <= access_.now().steady) return;
    auto topic = wire::devicebound_topic(claim_->device, *locked.message);
    if (!topic) {
        access_.log().warning("message_undeliverable", {{"protocol", "mqtt"},
                                                        {"device", client_id_},
                                                        {"seq", locked.queued.sequence.value},
                                                        {"reason", topic.error().message}});
        return;
    }
    const bool counted = *qos == mqtt::QoS::at_least_once;
    const auto packet_id = engine_->publish(
        {.topic = std::move(*topic),
         .payload = locked.message->body,
         .packet_id = counted ? packet_id_of(locked.queued.sequence) : mqtt::PacketId{0},
         .qos = *qos,
         .dup = counted && locked.redelivered});
    if (!packet_id) return end(packet_id.error());
    if (!counted) {
        // QoS 0 asks for no more than the write: that completes it.
        access_.hub().complete_untold(claim_->device, locked.token);
        return;
    }
    std::erase_if(in_flight_, [&](const auto& sent) { return sent.packet_id == *packet_id; });
    in_flight_.push_back({.packet_id = *packet_id, .token = locked.token});
}

void MqttSession::on(mqtt::Acknowledged&& event) {
    const auto sent = std::find_if(in_flight_.begin(), in_flight_.end(), [&](const auto& entry) {
        return entry.packet_id == event.packet_id;
    });
    if (sent == in_flight_.end()) return;
    access_.hub().complete_untold(claim_->device, sent->token);
    settled_ = true;
    in_flight_.erase(sent);
}

// -- what the device publishes -------------------------------------------------------------------

void MqttSession::on(mqtt::PublishReceived&& event) {
    const auto& publish = event.publish;
    if (is_own_telemetry(publish.topic)) {
        if (!telemetry_reported_) {
            telemetry_reported_ = true;
            access_.log().warning("telemetry_discarded",
                                  {{"device", client_id_},
                                   {"reason", "this hub carries cloud-to-device messages only"}});
        }
    } else if (publish.topic.starts_with("$iothub/twin/")) {
        refuse_twin_request(publish.topic);
    } else {
        return end(Error(ErrorCode::protocol_error,
                         fmt::format("the {} published to '{}', which is no topic of its own",
                                     kind(), publish.topic)));
    }
    engine_->acknowledge(publish.packet_id);
}

/// A device may speak for its modules, not the reverse.
bool MqttSession::is_own_telemetry(std::string_view topic) const {
    const auto telemetry = wire::parse_telemetry_topic(topic);
    if (!telemetry || telemetry->device_id != claim_->device.value()) return false;
    return !claim_->module || telemetry->module_id == claim_->module->value();
}

/// A device that asks for its twin waits without limit for an answer, so it gets one.
void MqttSession::refuse_twin_request(const std::string& topic) {
    const auto request_id = topic.find("?$rid=");
    if (request_id == std::string::npos) return;
    const std::string id = topic.substr(request_id, topic.find('&', request_id) - request_id);
    const auto sent = engine_->publish(
        {.topic = "$iothub/twin/res/501/" + id, .payload = to_bytes(no_twins_json)});
    if (!sent) end(sent.error());
}

}  // namespace restante::gateway
