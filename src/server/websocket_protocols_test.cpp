// The protocols inside a WebSocket, from the HTTP request to the hub.

#include "server/websocket_protocols.hpp"

#include <gmock/gmock.h>

#include "gateway/http/http_session.hpp"
#include "protocol/mqtt/codec.hpp"
#include "support/test_hub.hpp"
#include "support/websocket_client.hpp"

namespace restante::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::size_t conn_ack_bytes = 4;
constexpr std::size_t sub_ack_bytes = 5;

class WebSocketProtocolsTest : public test::TestHub {
  protected:
    std::unique_ptr<test::WebSocketClient> connect() {
        return std::make_unique<test::WebSocketClient>(
            std::make_unique<gateway::HttpSession>(access, protocols), clock);
    }
    static void tell(test::WebSocketClient& client, const mqtt::Packet& packet) {
        Bytes bytes;
        ASSERT_TRUE(mqtt::encode(packet, bytes));
        client.send(bytes);
    }
    mqtt::Connect connect_packet(const std::string& token) const {
        return {.client_id = "d1",
                .user_name = fmt::format("{}/d1/?api-version=2021-04-12", hostname),
                .password = to_bytes(token),
                .will = std::nullopt,
                .keep_alive_seconds = 60,
                .clean_session = true};
    }

    const gateway::WebSocketProtocols protocols = websocket_protocols(access);
};

TEST_F(WebSocketProtocolsTest, ADeviceReceivesAMessageOverMqtt) {
    const auto d1 = create("d1");
    ASSERT_TRUE(send("d1", "hello"));
    auto device = connect();
    ASSERT_TRUE(device->open("/$iothub/websocket", "mqtt"));
    tell(*device, connect_packet(device_token(d1)));
    ASSERT_TRUE(device->wait_for(conn_ack_bytes));
    EXPECT_EQ(device->stream, std::string("\x20\x02\x00\x00", conn_ack_bytes));
    tell(*device, mqtt::Subscribe{.packet_id = 7,
                                  .subscriptions = {{.filter = "devices/d1/messages/devicebound/#",
                                                     .qos = mqtt::QoS::at_most_once}}});
    ASSERT_TRUE(device->wait_for(conn_ack_bytes + sub_ack_bytes + 1));
    EXPECT_THAT(device->stream, HasSubstr("devices/d1/messages/devicebound/"));
    EXPECT_THAT(device->stream, testing::EndsWith("hello"));
    tell(*device, mqtt::Disconnect{});
    device->read();
    EXPECT_EQ(device->close_code, 1000);
    device->flush();
    EXPECT_TRUE(device->harness.ended());
}

TEST_F(WebSocketProtocolsTest, ADeviceWithABadTokenIsRefusedInsideTheWebSocket) {
    create("d1");
    auto device = connect();
    ASSERT_TRUE(device->open("/$iothub/websocket", "MQTT"));
    tell(*device, connect_packet("nonsense"));
    ASSERT_TRUE(device->wait_for(conn_ack_bytes));
    EXPECT_EQ(device->stream, std::string("\x20\x02\x00\x05", conn_ack_bytes));
    EXPECT_EQ(device->close_code, 1000);
    EXPECT_THAT(log.of("refused"), ElementsAre(HasSubstr("protocol=mqtt")));
}

TEST_F(WebSocketProtocolsTest, AServiceIsGreetedInAmqp) {
    auto service = connect();
    ASSERT_TRUE(service->open("/$servicebus/websocket/", "AMQPWSB10"));
    service->send(as_bytes(std::string_view("AMQP\3\1\0\0", 8)));
    EXPECT_THAT(service->read(), StartsWith(std::string("AMQP\3\1\0\0", 8)));
    EXPECT_THAT(service->stream, HasSubstr("MSSBCBS"));
}

}  // namespace
}  // namespace restante::server
