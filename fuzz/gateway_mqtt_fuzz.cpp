// uses: gateway_mqtt
// A whole MQTT session over a real hub, against a client that writes well-formed packets at the
// wrong time, malformed ones at any time, and anything in between (gateway_attack.hpp).
//
// The input is a script of steps: a byte for the operation, whose upper bits hold its packet back
// until the next one, or let the hub fall behind; then the operation's own bytes.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/byte_reader.hpp"
#include "gateway/mqtt/mqtt_session.hpp"
#include "gateway_attack.hpp"
#include "protocol/mqtt/packet.hpp"

namespace {

using namespace restante;
using mqtt::PacketType;

/// Answers of a hundred bytes to as many packets as a step has room for, and a window of messages.
constexpr std::size_t step_bytes_max = std::size_t{256} * 1024;

constexpr std::array<std::string_view, 16> topics{
    "devices/own/messages/events/",
    "devices/own/messages/events/$.mid=1&%24.ct=x&a=b",
    "devices/victim/messages/events/",
    "devices/own/modules/m/messages/events/",
    "devices/own/messages/devicebound/#",
    "devices/own/messages/devicebound/+",
    "devices/victim/messages/devicebound/#",
    "devices/+/messages/devicebound/#",
    "#",
    "+/+/+/+/#",
    "$iothub/twin/GET/?$rid=1",
    "$iothub/twin/PATCH/properties/reported/?$rid=2&x",
    "$iothub/twin/res/#",
    "$iothub/methods/POST/#",
    "devices/own/modules/m/#",
    "",
};

constexpr std::array<std::string_view, 8> users{
    "hub.example/own/?api-version=2021-04-12&DeviceClientType=fuzz",
    "hub.example/own/m/?api-version=2021-04-12",
    "hub.example/victim/?api-version=2021-04-12",
    "hub.example/own",
    "other.example/own/api-version=2016-11-14",
    "hub.example/own/?api-version=2021-04-12&model-id=dtmi%3Aa%3Bb",
    "",
    "/",
};
constexpr std::array<std::string_view, 4> client_ids{"own", "own/m", "victim", ""};

class Script {
  public:
    explicit Script(BytesView bytes)
        : in_(bytes),
          attack_(world_, std::make_unique<gateway::MqttSession>(world_.access), step_bytes_max) {}

    void run() {
        while (!in_.empty() && in_.ok()) step();
        attack_.finish();
    }

  private:
    void step() {
        const std::uint8_t operation = in_.u8();
        do_operation(operation & 0x3f);
        attack_.end_step(operation, pending_, 4096);
    }

    void do_operation(unsigned operation) {
        switch (operation % 14) {
            case 0:
                connect();
                break;
            case 1:
                publish();
                break;
            case 2:
                append(pending_, packet(PacketType::pub_ack, 0, id_bytes(packet_id())));
                break;
            case 3:
                subscriptions(PacketType::subscribe);
                break;
            case 4:
                subscriptions(PacketType::unsubscribe);
                break;
            case 5:
                append(pending_, packet(PacketType::ping_req, 0, {}));
                break;
            case 6:
                append(pending_, packet(PacketType::disconnect, 0, {}));
                break;
            case 7:
                to_a_client();
                break;
            case 8:  // QoS 2 and whatever else has an id
                append(pending_, packet(static_cast<PacketType>(in_.u8() % 16), in_.u8() & 15,
                                        id_bytes(in_.u16())));
                break;
            case 9:
                append(pending_, some(64));
                break;
            case 10: {  // a length that is not the packet's
                const std::uint8_t first = in_.u8();
                pending_.push_back(first);
                append(pending_, some(5));
                break;
            }
            case 11:
                attack_.pass_within_a_day(std::chrono::seconds(in_.u16()));
                break;
            case 12:
                attack_.disturb(in_.u8());
                break;
            default:
                append(pending_,
                       packet(static_cast<PacketType>(in_.u8() % 16), in_.u8() & 15, some(64)));
                break;
        }
    }

    BytesView some(std::size_t most) {
        return in_.take(std::min<std::size_t>(in_.u8() % most, in_.remaining()));
    }
    static Bytes id_bytes(std::uint16_t id) {
        return {static_cast<std::uint8_t>(id >> 8), static_cast<std::uint8_t>(id)};
    }
    static void add_text(Bytes& body, BytesView text) {
        append(body, id_bytes(static_cast<std::uint16_t>(text.size())));
        append(body, text);
    }
    static Bytes packet(PacketType type, unsigned flags, BytesView body) {
        Bytes out{static_cast<std::uint8_t>(static_cast<unsigned>(type) << 4 | flags)};
        std::size_t rest = body.size();
        do {
            out.push_back(static_cast<std::uint8_t>(rest % 128 | (rest >= 128 ? 128 : 0)));
            rest /= 128;
        } while (rest > 0);
        append(out, body);
        return out;
    }
    /// A small one, as messages and subscriptions have, or any.
    std::uint16_t packet_id() {
        const std::uint8_t choice = in_.u8();
        return choice == 0 ? in_.u16() : choice;
    }
    BytesView topic() {
        const std::uint8_t choice = in_.u8();
        return choice % 17 == 16 ? some(48) : as_bytes(topics[choice % topics.size()]);
    }

    void connect() {
        const std::uint8_t shape = in_.u8();
        const std::uint8_t who = in_.u8();
        const std::uint8_t flags = in_.u8();
        Bytes body;
        add_text(body, as_bytes((shape & 1) == 0 ? "MQTT" : "MQIsdp"));
        body.push_back((shape & 2) == 0 ? 4 : in_.u8());
        const bool honest = (shape & 4) == 0;
        // As a device says it, with clean session or not, or any flags there are.
        body.push_back(honest ? 0xc0 | (flags & 2) : flags);
        append(body, id_bytes((shape & 8) == 0 ? 60 : in_.u16()));
        add_text(body, as_bytes(client_ids[who / 8 % client_ids.size()]));
        if (!honest && (flags & 4) != 0) {
            add_text(body, topic());
            add_text(body, some(32));
        }
        if (honest || (flags & 0x80) != 0) add_text(body, as_bytes(users[who % users.size()]));
        if (honest || (flags & 0x40) != 0) add_text(body, as_bytes(attack_.show(in_.u8())));
        append(pending_, packet(PacketType::connect, (shape & 16) == 0 ? 0 : in_.u8() & 15, body));
    }

    void publish() {
        const std::uint8_t flags = in_.u8() & 15;
        Bytes body;
        add_text(body, topic());
        if ((flags & 6) != 0) append(body, id_bytes(packet_id()));
        append(body, some(32));
        append(pending_, packet(PacketType::publish, flags, body));
    }

    void subscriptions(PacketType type) {
        const std::uint8_t shape = in_.u8();
        Bytes body = id_bytes(packet_id());
        for (unsigned i = 0; i < shape % 4U; ++i) {
            add_text(body, topic());
            if (type == PacketType::subscribe) body.push_back((shape & 8) == 0 ? 1 : in_.u8());
        }
        append(pending_, packet(type, (shape & 16) == 0 ? 2 : in_.u8() & 15, body));
    }

    /// What only a server says.
    void to_a_client() {
        const std::uint8_t which = in_.u8() % 4;
        if (which == 0) append(pending_, packet(PacketType::conn_ack, 0, Bytes{0, in_.u8()}));
        if (which == 1) append(pending_, packet(PacketType::sub_ack, 0, Bytes{0, 1, in_.u8()}));
        if (which == 2) append(pending_, packet(PacketType::unsub_ack, 0, id_bytes(in_.u16())));
        if (which == 3) append(pending_, packet(PacketType::ping_resp, 0, {}));
    }

    ByteReader in_;
    fuzz::World world_;
    fuzz::Attack attack_;
    Bytes pending_;
};

}  // namespace

// The name and signature libFuzzer prescribes.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Script(BytesView(data, size)).run();
    return 0;
}
