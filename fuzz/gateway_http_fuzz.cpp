// uses: gateway_http gateway_mqtt gateway_amqp
// A whole HTTPS session over a real hub, and the WebSockets it may become: requests to every route
// with good and bad tokens, one behind the other, with bodies of the wrong length, in chunks or
// without an end; upgrades, and behind them frames of every kind around the bytes of MQTT and AMQP
// (gateway_attack.hpp).
//
// The input is a script of steps: a byte for the operation, whose upper bits hold its bytes back
// until the next one, or let the hub fall behind; then the operation's own bytes.

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/byte_reader.hpp"
#include "gateway/amqp/amqp_session.hpp"
#include "gateway/http/http_session.hpp"
#include "gateway/mqtt/mqtt_session.hpp"
#include "gateway_attack.hpp"
#include "protocol/amqp/frame.hpp"
#include "protocol/mqtt/codec.hpp"
#include "protocol/websocket/frame.hpp"

namespace {

using namespace restante;
using websocket::Opcode;

/// A list of identities for each request that a step has room for.
constexpr std::size_t step_bytes_max = std::size_t{2} * 1024 * 1024;

constexpr std::array<std::string_view, 8> methods{"GET",   "POST", "PUT",  "DELETE",
                                                  "PATCH", "HEAD", "get?", "OPTIONS"};

/// In each, {} is the lock token that was told last.
constexpr std::array<std::string_view, 24> targets{
    "/devices/own/messages/devicebound?api-version=2021-04-12",
    "/devices/own/messages/devicebound/{}?api-version=2021-04-12",
    "/devices/own/messages/devicebound/{}?reject",
    "/devices/own/messages/devicebound/{}/abandon",
    "/devices/own/messages/events",
    "/devices/own/files",
    "/devices/victim/messages/devicebound",
    "/devices/victim/messages/devicebound/{}",
    "/devices/victim/commands",
    "/devices/own",
    "/devices/new",
    "/devices?top=2",
    "/devices",
    "/devices/keys/regenerate",
    "/devices/query",
    "/statistics/devices",
    "/restante/connectionEvents",
    "/devices/own/modules/m",
    "/devices/own/modules/m/messages/events",
    "/messages/servicebound/feedback",
    "/messages/servicebound/feedback/{}",
    "/devices/%6fwn/messages/devicebound/%",
    "/nowhere/../devices//",
    "*",
};

constexpr std::array<std::string_view, 8> bodies{
    "",
    "hello",
    R"({"deviceId":"new","status":"enabled","authentication":{"type":"sas"}})",
    R"([{"id":"n1","importMode":"create"},{"id":"own","moduleId":"m","importMode":"delete"}])",
    R"({"query":"SELECT * FROM devices WHERE deviceId = 'own'"})",
    R"({"policyKey":"both","devices":[{"id":"own"}]})",
    R"({"deviceId":"own","moduleId":"m","authentication":{"type":"selfSigned"}})",
    "[[[[[[[[",
};

constexpr std::array<std::string_view, 8> fields{
    "iothub-ack: full\r\n",
    "iothub-messageid: m1\r\niothub-app-a: b\r\n",
    "iothub-expiry: 2026-11-23T01:00:00Z\r\n",
    "If-Match: \"*\"\r\n",
    "Connection: close\r\n",
    "Expect: 100-continue\r\n",
    "x-ms-max-item-count: 1\r\nx-ms-continuation: AQAAAAAAAAAAAAAAAW0=\r\n",
    "restante-percent-encoded: iothub-app-%\r\niothub-app-%: %\r\n",
};

class Script {
  public:
    explicit Script(BytesView bytes)
        : in_(bytes),
          attack_(world_, std::make_unique<gateway::HttpSession>(world_.access, websockets_),
                  step_bytes_max) {}

    void run() {
        while (!in_.empty() && in_.ok()) step();
        attack_.finish();
    }

  private:
    void step() {
        const std::uint8_t operation = in_.u8();
        do_operation(operation & 0x3f);
        if (attack_.end_step(operation, pending_, 8192)) note_lock_token();
    }

    void do_operation(unsigned operation) {
        switch (operation % 9) {
            case 0:
            case 1:
                return request();
            case 2:
                return append(pending_, some(64));
            case 3:
                return upgrade();
            case 4:
                return frame(some(130));
            case 5:
                return frame(mqtt());
            case 6:
                return frame(amqp());
            case 7:
                return attack_.pass_within_a_day(std::chrono::seconds(in_.u16()));
            default:
                return attack_.disturb(in_.u8());
        }
    }

    BytesView some(std::size_t most) {
        return in_.take(std::min<std::size_t>(in_.u8() % most, in_.remaining()));
    }
    void add(std::string_view text) { append(pending_, as_bytes(text)); }

    /// A message or a batch came with an entity tag, which names it in later requests.
    void note_lock_token() {
        const auto heard = as_text(attack_.heard());
        constexpr std::string_view field = "\r\nETag: \"";
        const auto at = heard.rfind(field);
        if (at == std::string_view::npos) return;
        const auto rest = heard.substr(at + field.size());
        lock_token_ = rest.substr(0, rest.find('"'));
    }

    void request() {
        const std::uint8_t method = in_.u8();
        const std::uint8_t target = in_.u8();
        const std::uint8_t shape = in_.u8();
        add(methods[method % methods.size()]);
        add(" ");
        const auto& path = targets[target % targets.size()];
        const auto place = path.find("{}");
        add(path.substr(0, place));
        if (place != std::string_view::npos) {
            add(lock_token_);
            add(path.substr(place + 2));
        }
        add((shape & 1) == 0 ? " HTTP/1.1\r\nHost: hub.example\r\n" : " HTTP/1.0\r\n");
        if ((shape & 2) == 0) add("Authorization: " + attack_.show(in_.u8()) + "\r\n");
        if ((shape & 4) != 0) add(fields[in_.u8() % fields.size()]);
        if ((shape & 8) != 0) {
            append(pending_, some(48));
            add("\r\n");
        }
        body(in_.u8());
    }

    void body(std::uint8_t shape) {
        std::string content(bodies[shape % bodies.size()]);
        if (content.empty()) content = to_text(some(64));
        const std::string length = std::to_string(content.size());
        switch (shape / 8 % 8) {
            case 0:
            case 1:
                return add("Content-Length: " + length + "\r\n\r\n" + content);
            case 2:
                return chunked(content);
            case 3:
                add("Content-Length: " + length + "\r\nContent-Length: 1\r\n\r\n" + content);
                return;
            case 4:
                return add("Content-Length: " + to_text(some(24)) + "\r\n\r\n" + content);
            case 5:
                add("Content-Length: " + length + "\r\n");
                return chunked(content);
            case 6:  // less than was announced
                return add("Content-Length: 9" + length + "\r\n\r\n" + content);
            default:
                return add("\r\n");
        }
    }
    void chunked(std::string_view content) {
        add("Transfer-Encoding: chunked\r\n\r\n");
        const std::size_t size = in_.u8() % 16 + 1U;
        for (; !content.empty(); content.remove_prefix(std::min(size, content.size()))) {
            add(fmt::format("{:x};x=y\r\n", std::min(size, content.size())));
            add(content.substr(0, size));
            add("\r\n");
        }
        const auto end = in_.u8() % 4;
        if (end == 0) add("0\r\n\r\n");
        if (end == 1) add("0\r\nTrailer: x\r\n\r\n");
        if (end == 2) append(pending_, some(24));
    }

    void upgrade() {
        const std::uint8_t shape = in_.u8();
        add((shape & 1) == 0 ? "GET /$iothub/websocket" : "GET /$servicebus/websocket");
        add(" HTTP/1.1\r\nHost: hub.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n");
        if ((shape & 2) == 0) add("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
        add((shape & 4) == 0 ? "Sec-WebSocket-Version: 13\r\n" : "Sec-WebSocket-Version: 8\r\n");
        if ((shape & 8) == 0) {
            add((shape & 16) == 0 ? "Sec-WebSocket-Protocol: mqtt\r\n"
                                  : "Sec-WebSocket-Protocol: x, AMQPWSB10\r\n");
        }
        if ((shape & 32) != 0) {
            append(pending_, some(32));
            add("\r\n");
        }
        add("\r\n");
    }

    /// Around any bytes a frame of any kind, which is most often the one they belong in.
    void frame(BytesView payload) {
        const std::uint8_t shape = in_.u8();
        if (shape == 0) {
            websocket::append_frame(pending_, Opcode::binary, payload, mask);
            return;
        }
        if (shape % 4 == 1) {  // in two fragments with a control frame between them
            const auto half = payload.size() / 2;
            add_raw(Opcode::binary, false, payload.first(half));
            add_raw(static_cast<Opcode>(8 + shape / 4 % 3), true, as_bytes("\x03\xe8 bye"));
            add_raw(Opcode::continuation, shape < 128, payload.subspan(half));
            return;
        }
        add_raw(static_cast<Opcode>(shape / 4 % 16), shape < 192, payload);
        if (shape % 4 == 2) pending_[pending_.size() - 1] ^= in_.u8();
    }
    void add_raw(Opcode opcode, bool fin, BytesView payload) {
        const std::size_t at = pending_.size();
        websocket::append_frame(pending_, opcode, payload, mask);
        if (!fin) pending_[at] = static_cast<std::uint8_t>(pending_[at] & 0x7f);
    }

    Bytes mqtt() {
        Bytes out;
        const std::uint8_t what = in_.u8() % 4;
        if (what == 0) {
            mqtt::Connect connect{.client_id = "own", .keep_alive_seconds = 60};
            connect.user_name = "hub.example/own/?api-version=2021-04-12";
            connect.password = to_bytes(attack_.show(in_.u8()));
            static_cast<void>(mqtt::encode(connect, out));
        } else if (what == 1) {
            static_cast<void>(mqtt::encode(
                mqtt::Subscribe{.packet_id = 1,
                                .subscriptions = {{.filter = "devices/own/messages/devicebound/#",
                                                   .qos = mqtt::QoS::at_least_once}}},
                out));
        } else if (what == 2) {
            static_cast<void>(mqtt::encode(mqtt::PubAck{.packet_id = 2}, out));
        } else {
            static_cast<void>(mqtt::encode(mqtt::Disconnect{}, out));
        }
        return out;
    }
    Bytes amqp() {
        Bytes out;
        if (in_.u8() % 2 == 0) append(out, BytesView(amqp::amqp_header));
        amqp::FrameWriter writer(out, amqp::FrameType::amqp, 0);
        append(out, some(96));
        writer.finish();
        return out;
    }

    static constexpr websocket::MaskingKey mask{1, 2, 3, 4};

    ByteReader in_;
    fuzz::World world_;
    const gateway::WebSocketProtocols websockets_{
        {"mqtt", [this] { return std::make_unique<gateway::MqttSession>(world_.access); }},
        {"AMQPWSB10", [this] { return std::make_unique<gateway::AmqpSession>(world_.access); }}};
    fuzz::Attack attack_;
    Bytes pending_;
    std::string lock_token_ = "00000000-0000-0000-0000-000000000000";
};

}  // namespace

// The name and signature libFuzzer prescribes.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Script(BytesView(data, size)).run();
    return 0;
}
