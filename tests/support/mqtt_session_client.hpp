#pragma once
// A client of an MqttSession in memory, and a fixture with a whole hub behind it: what the tests of
// that session share.

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/mqtt/mqtt_session.hpp"
#include "protocol/mqtt/inbox.hpp"
#include "support/session_harness.hpp"
#include "support/test_hub.hpp"

namespace restante::test {

/// A device's end of one connection: writes packets, reads packets.
class MqttDevice {
  public:
    /// `chain`: the client certificate that TLS has seen, and its issuers; DER.
    MqttDevice(const gateway::Access& access, const Clock& clock, std::vector<Bytes> chain = {})
        : harness(std::make_unique<gateway::MqttSession>(access), clock,
                  {.address = "192.0.2.7:40112", .certificate_chain = std::move(chain)}) {}

    void send(const mqtt::Packet& packet) {
        Bytes bytes;
        ASSERT_TRUE(mqtt::encode(packet, bytes));
        harness.receive(bytes);
    }
    /// The next packet from the hub; fails the test when it is of another type or none comes.
    template <class T>
    T expect() {
        std::optional<mqtt::Packet> packet;
        harness.wait_until([&] {
            packet = take();
            return packet || harness.ended();
        });
        if (!packet) packet = take();
        if (!packet || !std::holds_alternative<T>(*packet)) {
            ADD_FAILURE() << (packet ? "another packet came" : "no packet came");
            return {};
        }
        return std::get<T>(std::move(*packet));
    }
    bool has_more() { return take().has_value(); }

    void subscribe(std::string_view filter, mqtt::QoS qos = mqtt::QoS::at_least_once) {
        send(mqtt::Subscribe{.packet_id = 7,
                             .subscriptions = {{.filter = std::string(filter), .qos = qos}}});
    }

    SessionHarness harness;

  private:
    std::optional<mqtt::Packet> take() {
        inbox_.append(std::exchange(harness.output(), Bytes()));
        const auto frame = inbox_.next(1'000'000);
        if (!frame || !*frame) return std::nullopt;
        auto packet = mqtt::decode(**frame);
        return packet ? std::optional(std::move(*packet)) : std::nullopt;
    }

    mqtt::Inbox inbox_;
};

class MqttTest : public TestHub {
  protected:
    /// `id`: "d1", "d1/m1". A token is the password; an empty one is not sent.
    static mqtt::Connect connect_packet(std::string_view token, bool clean = false,
                                        std::string_view id = "d1") {
        mqtt::Connect packet{
            .client_id = std::string(id),
            .user_name = fmt::format("{}/{}/?api-version=2021-04-12&DeviceClientType=test%2F1",
                                     hostname, id),
            .password = std::nullopt,
            .will = std::nullopt,
            .keep_alive_seconds = 60,
            .clean_session = clean};
        if (!token.empty()) packet.password = to_bytes(token);
        return packet;
    }
    std::unique_ptr<MqttDevice> open(std::vector<Bytes> chain = {}) {
        return std::make_unique<MqttDevice>(access, clock, std::move(chain));
    }
    /// A device or module that the hub has accepted.
    std::unique_ptr<MqttDevice> connect(const mqtt::Connect& packet, std::vector<Bytes> chain = {},
                                        bool session_present = false) {
        auto made = open(std::move(chain));
        made->send(packet);
        const auto answer = made->expect<mqtt::ConnAck>();
        EXPECT_EQ(answer.return_code, mqtt::ConnectReturnCode::accepted);
        EXPECT_EQ(answer.session_present, session_present);
        return made;
    }
    void expect_refused(const mqtt::Connect& packet, std::string_view reason,
                        std::vector<Bytes> chain = {}) {
        auto device = open(std::move(chain));
        device->send(packet);
        const auto answer = device->expect<mqtt::ConnAck>();
        EXPECT_EQ(answer.return_code, mqtt::ConnectReturnCode::not_authorized) << reason;
        EXPECT_TRUE(device->harness.wait_ended());
        EXPECT_FALSE(device->has_more());
        const auto lines = log.of("refused");
        ASSERT_FALSE(lines.empty());
        EXPECT_THAT(lines.back(), testing::HasSubstr("level=warning event=refused protocol=mqtt "
                                                     "peer=192.0.2.7:40112 who="));
        EXPECT_THAT(lines.back(), testing::HasSubstr(reason));
    }
    void expect_ended(MqttDevice& device, std::string_view reason, std::string_view id = "d1") {
        EXPECT_TRUE(device.harness.wait_ended());
        EXPECT_FALSE(device.has_more());
        EXPECT_THAT(log.text(),
                    testing::HasSubstr(fmt::format("event=connection_ended protocol=mqtt device={} "
                                                   "peer=192.0.2.7:40112 reason=",
                                                   id)));
        EXPECT_THAT(log.text(), testing::HasSubstr(reason));
    }

    const model::DeviceIdentity d1 = create("d1");
};

}  // namespace restante::test
