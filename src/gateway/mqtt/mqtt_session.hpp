#pragma once
// One device, or one of its modules, on one MQTT connection: who it is, what it subscribed to, what
// it was given. Messages are for devices: a module connects, but gets none.
//
//     connect ─▶ authenticate ─▶ attach ─▶ open ──(subscribed)──▶ deliver, PUBACK completes
//                    │ no           │ no     │ DISCONNECT, fault, proof expired or void, replaced
//                    └── CONNACK 5 ─┴────────┴──▶ over; what was not acknowledged returns
//
// Owned by its connection, lives on that connection's loop (net/session.hpp).

#include <optional>
#include <vector>

#include "gateway/access/access.hpp"
#include "net/session.hpp"
#include "protocol/mqtt/server_engine.hpp"
#include "wire/topic.hpp"

namespace restante::gateway {

/// Messages given to one device and not yet acknowledged. The value the service's edge gateway
/// uses; the service's own is not known.
inline constexpr std::size_t mqtt_window = 10;

class MqttSession final : public net::Session {
  public:
    explicit MqttSession(const Access& access) : access_(access) {}

    void start(net::ConnectionHandle handle, const net::Peer& peer, Now now) override;
    void receive(BytesView bytes, Now now) override;
    Bytes take_output() override;
    std::optional<SteadyTime> next_deadline() const override;
    void advance(Now now) override;
    bool proved() const override { return engine_ && engine_->connected(); }
    bool finished() const override { return engine_ && engine_->finished(); }
    void closed(const Error& reason) override;

  private:
    struct InFlight {
        mqtt::PacketId packet_id;
        model::LockToken token;
    };

    void handle_events();
    void on(mqtt::ConnectRequested&& event);
    void on(mqtt::SubscribeRequested&& event);
    void on(mqtt::UnsubscribeRequested&& event);
    void on(mqtt::PublishReceived&& event);
    void on(mqtt::Acknowledged&& event);
    void on(mqtt::Disconnected&& event);
    void on(mqtt::Failed&& event);

    void authenticated(DeviceProof proof, bool clean_session, const std::string& client_type);
    /// The keyring was replaced: ends the session if what was shown opens nothing any more.
    void prove_again();
    void attached(model::MqttSubscriptions stored, bool clean_session);
    void open(bool session_present);
    void refuse(const Error& reason);
    /// Ends the connection from our side and says why in the log.
    void end(const Error& reason);
    /// "device", "module": for what is said about it.
    std::string_view kind() const { return claim_->module ? "module" : "device"; }

    std::optional<std::uint8_t> grant(const mqtt::Subscription& wanted) const;
    bool subscribe(const std::string& filter, std::uint8_t granted_qos);
    void keep_subscriptions(std::function<void()> then);
    std::optional<mqtt::QoS> devicebound_qos() const;

    void fetch();
    void deliver(model::LockedMessage locked);
    bool is_own_telemetry(std::string_view topic) const;
    void refuse_twin_request(const std::string& topic);

    const Access& access_;
    std::optional<mqtt::ServerEngine> engine_;
    net::ConnectionHandle handle_;
    net::Peer peer_;
    Now now_{};  ///< of the call being handled

    std::string client_id_;  ///< as claimed, for the log
    std::optional<Claim> claim_;
    /// Kept as long as a new keyring may void it.
    std::optional<Credential> credential_;
    net::Broadcast::Subscription keyring_replaced_;
    bool by_certificate_ = false;
    std::optional<hub::AttachmentId> attachment_;
    std::optional<WallTime> expires_at_;
    bool keep_session_ = false;
    model::MqttSubscriptions subscriptions_;
    std::size_t subscription_changes_ = 0;  // that wait for the disk

    std::vector<InFlight> in_flight_;
    bool settled_ = false;  ///< anything yet
    bool fetching_ = false;
    bool maybe_more_ = false;
    bool telemetry_reported_ = false;
};

}  // namespace restante::gateway
