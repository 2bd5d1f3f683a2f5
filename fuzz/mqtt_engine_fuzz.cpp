// uses: protocol_mqtt
// Both MQTT engines under a script. The first byte chooses who is tested: 0 the server, 1 the
// client, otherwise the two joined. Each step of the script is two bytes, an operation and a size,
// and for op_receive that many bytes from the peer. Whatever comes, the bounds hold, the last
// event is the last, and what an engine sends is well-formed.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/assert.hpp"
#include "base/byte_reader.hpp"
#include "protocol/mqtt/client_engine.hpp"
#include "protocol/mqtt/server_engine.hpp"

namespace {

using restante::ByteReader;
using restante::Bytes;
using restante::BytesView;
using restante::Milliseconds;
using restante::SteadyTime;
namespace mqtt = restante::mqtt;

constexpr std::size_t in_flight_max = 4;
constexpr std::size_t packet_bytes_max = 2048;

enum Operation : std::uint8_t {
    op_receive,
    op_advance,
    op_publish_qos_0,
    op_publish_qos_1,
    op_redeliver,
    op_release,
    op_subscribe,
    op_unsubscribe,
    op_accept,
    op_refuse,
    op_end,
    operation_count,
};

/// What an engine sends is whole packets that a peer can decode, but for the answer to MQTT 5.
void check_output(const Bytes& output) {
    BytesView rest(output);
    while (!rest.empty()) {
        const auto frame = mqtt::parse_frame(rest, rest.size());
        RESTANTE_ASSERT(frame && *frame);
        const bool mqtt5 = (*frame)->type == mqtt::PacketType::conn_ack && (*frame)->size == 5;
        RESTANTE_ASSERT(mqtt5 || mqtt::decode(**frame));
        rest = rest.subspan((*frame)->size);
    }
}

mqtt::Publish message(mqtt::QoS qos, std::uint8_t size) {
    return {.topic = "t", .payload = Bytes(size, size), .qos = qos};
}

class Server {
  public:
    Server()
        : engine_({.packet_bytes_max = packet_bytes_max, .in_flight_max = in_flight_max}, {}) {}

    mqtt::ServerEngine& engine() { return engine_; }

    void drain() {
        while (auto event = engine_.next_event()) {
            RESTANTE_ASSERT(!ended_);
            std::visit(*this, *event);
        }
        RESTANTE_ASSERT(engine_.in_flight() <= in_flight_max);
        RESTANTE_ASSERT(engine_.finished() == !engine_.next_deadline().has_value());
    }

    void step(Operation operation, std::uint8_t size) {
        if (operation == op_accept && asked_) engine_.accept(size % 2 == 0), asked_ = false;
        if (operation == op_refuse && asked_) {
            engine_.refuse(static_cast<mqtt::ConnectReturnCode>(size % 5 + 1));
            asked_ = false;
            ended_ = true;
        }
        if (operation == op_publish_qos_0) publish(message(mqtt::QoS::at_most_once, size));
        if (operation == op_publish_qos_1) publish(message(mqtt::QoS::at_least_once, size));
        if (operation == op_redeliver) {
            auto again = message(mqtt::QoS::at_least_once, 1);
            again.dup = true;
            again.packet_id = size;
            publish(std::move(again));
        }
        if (operation == op_release) engine_.release(size);
        if (operation == op_end) engine_.close(), ended_ = true;
    }

    void operator()(const mqtt::ConnectRequested&) { asked_ = true; }
    void operator()(const mqtt::SubscribeRequested& event) {
        engine_.subscribe_answer(event.packet_id, Bytes(event.subscriptions.size(), 1));
    }
    void operator()(const mqtt::UnsubscribeRequested& event) {
        engine_.unsubscribe_answer(event.packet_id);
    }
    void operator()(const mqtt::PublishReceived& event) {
        RESTANTE_ASSERT((event.publish.qos == mqtt::QoS::at_most_once) ==
                        (event.publish.packet_id == 0));
        engine_.acknowledge(event.publish.packet_id);
    }
    void operator()(const mqtt::Acknowledged&) {}
    void operator()(const mqtt::Disconnected&) { ended_ = true; }
    void operator()(const mqtt::Failed& event) {
        RESTANTE_ASSERT(!event.error.message.empty());
        ended_ = true;
        failed_by_peer_ = event.error.code != restante::ErrorCode::timeout;
    }

    bool failed_by_peer() const { return failed_by_peer_; }

  private:
    void publish(mqtt::Publish packet) {
        const auto before = engine_.in_flight();
        const auto id = engine_.publish(std::move(packet));
        RESTANTE_ASSERT(id || engine_.in_flight() == before);
    }

    mqtt::ServerEngine engine_;
    bool asked_ = false;
    bool ended_ = false;
    bool failed_by_peer_ = false;
};

class Client {
  public:
    Client() : engine_({.packet_bytes_max = packet_bytes_max, .in_flight_max = in_flight_max}) {
        RESTANTE_ASSERT(engine_.connect({.client_id = "c", .keep_alive_seconds = 20}, {}));
    }

    mqtt::ClientEngine& engine() { return engine_; }

    void drain() {
        while (auto event = engine_.next_event()) {
            RESTANTE_ASSERT(!ended_);
            std::visit(
                [this]<class Event>(const Event& each) {
                    if constexpr (std::is_same_v<Event, mqtt::MessageReceived>) {
                        engine_.acknowledge(each.publish.packet_id);
                    }
                    if constexpr (std::is_same_v<Event, mqtt::Failed>) {
                        failed_by_peer_ = each.error.code != restante::ErrorCode::timeout;
                    }
                },
                *event);
            ended_ = std::holds_alternative<mqtt::Failed>(*event) ||
                     std::holds_alternative<mqtt::Refused>(*event);
            RESTANTE_ASSERT(ended_ == engine_.finished());
        }
        RESTANTE_ASSERT(engine_.in_flight() <= in_flight_max);
    }

    void step(Operation operation, std::uint8_t size) {
        const std::vector<std::string> filters(size % 3 + 1, "t/#");
        if (operation == op_publish_qos_0) {
            static_cast<void>(engine_.publish(message(mqtt::QoS::at_most_once, size)));
        }
        if (operation == op_publish_qos_1) {
            static_cast<void>(engine_.publish(message(mqtt::QoS::at_least_once, size)));
        }
        if (operation == op_subscribe) {
            std::vector<mqtt::Subscription> subscriptions;
            for (const auto& filter : filters) subscriptions.push_back({.filter = filter});
            static_cast<void>(engine_.subscribe(std::move(subscriptions)));
        }
        if (operation == op_unsubscribe) static_cast<void>(engine_.unsubscribe(filters));
        if (operation == op_end) engine_.disconnect(), ended_ = true;
    }

    bool failed_by_peer() const { return failed_by_peer_; }

  private:
    mqtt::ClientEngine engine_;
    bool ended_ = false;
    bool failed_by_peer_ = false;
};

Operation next_operation(ByteReader& script) {
    return static_cast<Operation>(script.u8() % operation_count);
}

/// One engine against a peer that says anything.
template <class Subject>
void run_alone(ByteReader& script) {
    Subject subject;
    SteadyTime now{};
    while (!script.empty()) {
        const Operation operation = next_operation(script);
        const std::uint8_t size = script.u8();
        if (operation == op_receive) {
            const auto length = std::min<std::size_t>(size, script.remaining());
            subject.engine().receive(script.take(length), now);
        } else if (operation == op_advance) {
            now += std::chrono::seconds(size);
            subject.engine().advance(now);
        } else {
            subject.step(operation, size);
        }
        subject.drain();
        check_output(subject.engine().take_output());
    }
}

/// Carries `bytes` in pieces of `piece`, so that packets arrive in parts.
template <class Subject>
void carry(const Bytes& bytes, std::size_t piece, Subject& to, SteadyTime now) {
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        to.engine().receive(BytesView(bytes).subspan(at, std::min(piece, bytes.size() - at)), now);
        to.drain();
    }
}

/// Both engines joined: whatever is asked of them, neither accuses the other.
void run_joined(ByteReader& script) {
    Server server;
    Client client;
    SteadyTime now{};
    while (!script.empty()) {
        const Operation operation = next_operation(script);
        const std::uint8_t size = script.u8();
        if (operation == op_receive) {
            carry(client.engine().take_output(), size % 16 + 1U, server, now);
            carry(server.engine().take_output(), size % 16 + 1U, client, now);
        } else if (operation == op_advance) {
            now += std::chrono::seconds(size);
            client.engine().advance(now);
            server.engine().advance(now);
        } else if (size % 2 == 0) {
            server.step(operation, size);
        } else {
            client.step(operation, size);
        }
        server.drain();
        client.drain();
        RESTANTE_ASSERT(!server.failed_by_peer() && !client.failed_by_peer());
    }
}

}  // namespace

// The name and signature libFuzzer prescribes.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ByteReader script(BytesView(data, size));
    const std::uint8_t mode = script.u8();
    if (mode == 0) {
        run_alone<Server>(script);
    } else if (mode == 1) {
        run_alone<Client>(script);
    } else {
        run_joined(script);
    }
    return 0;
}
