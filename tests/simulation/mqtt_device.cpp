#include <fmt/format.h>

#include <deque>
#include <utility>

#include "peer.hpp"
#include "protocol/mqtt/client_engine.hpp"
#include "wire/property_bag.hpp"
#include "wire/topic.hpp"

namespace restante::simulation {
namespace {

class MqttDevice final : public Peer {
  public:
    MqttDevice(Surroundings& around, const Line& line)
        : around_(around), line_(line), device_(*model::DeviceId::parse(line.device)) {
        mqtt::Connect packet;
        packet.client_id = line.device;
        std::optional<model::ModuleId> module;
        if (!line.module.empty()) {
            module = *model::ModuleId::parse(line.module);
            packet.client_id += '/' + line.module;
        }
        packet.user_name = wire::mqtt_username(Surroundings::hostname, device_, module, "sim");
        packet.password = to_bytes(around.device_token(line));
        packet.keep_alive_seconds = 600;
        packet.clean_session = around.random.chance(30);
        static_cast<void>(engine_.connect(packet, now()));
    }

    void receive(BytesView bytes) override {
        engine_.receive(bytes, now());
        while (auto event = engine_.next_event()) {
            if (std::holds_alternative<mqtt::Connected>(*event)) subscribe();
            if (auto* message = std::get_if<mqtt::MessageReceived>(&*event)) take(message->publish);
        }
    }
    Bytes take_output() override { return engine_.take_output(); }
    void advance() override {
        engine_.advance(now());
        while (engine_.next_event()) {
        }
    }
    void act() override {
        if (held_.empty()) return;
        const auto at = static_cast<std::ptrdiff_t>(around_.random.below(held_.size()));
        const auto [packet_id, id] = held_[static_cast<std::size_t>(at)];
        held_.erase(held_.begin() + at);
        // MQTT knows but one ending; what is not acknowledged comes again.
        if (around_.choose() != Ending::complete) return;
        around_.history.settling(line_, id, Ending::complete);
        engine_.acknowledge(packet_id);
    }
    bool over() const override { return engine_.finished(); }

  private:
    SteadyTime now() const { return around_.clock.now().steady; }

    void subscribe() {
        std::vector<mqtt::Subscription> wanted{
            {.filter = wire::devicebound_filter(device_), .qos = mqtt::QoS::at_least_once}};
        // A module asks for its own, and for its device's, which the hub must not give it.
        if (!line_.module.empty()) {
            wanted.push_back(
                {.filter = fmt::format("devices/{}/modules/{}/#", line_.device, line_.module),
                 .qos = mqtt::QoS::at_least_once});
        }
        static_cast<void>(engine_.subscribe(wanted));
    }
    void take(const mqtt::Publish& publish) {
        const auto bag = wire::devicebound_bag(device_, publish.topic);
        const auto properties =
            bag ? wire::from_property_bag(*bag)
                : Result<wire::DeviceProperties>(fail(ErrorCode::malformed, ""));
        const std::string id = properties ? properties->message_id.value_or("none") : "none";
        around_.history.delivered(line_, line_.opened_at, line_.opened_step, id,
                                  as_text(publish.payload));
        held_.emplace_back(publish.packet_id, id);
    }

    Surroundings& around_;
    const Line& line_;
    const model::DeviceId device_;
    mqtt::ClientEngine engine_;
    std::deque<std::pair<mqtt::PacketId, std::string>> held_;
};

}  // namespace

std::unique_ptr<Peer> make_mqtt_device(Surroundings& around, const Line& line) {
    return std::make_unique<MqttDevice>(around, line);
}

}  // namespace restante::simulation
