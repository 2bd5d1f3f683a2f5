#include <fmt/format.h>

#include <deque>
#include <map>
#include <utility>

#include "base/byte_reader.hpp"
#include "peer.hpp"
#include "protocol/amqp/attach.hpp"
#include "protocol/amqp/connection.hpp"
#include "protocol/amqp/message.hpp"
#include "wire/amqp_message.hpp"
#include "wire/error_table.hpp"

namespace restante::simulation {
namespace {

amqp::Options options(std::string user, std::string password) {
    amqp::Options options;
    options.side = amqp::Side::client;
    options.container_id = "simulation";
    options.hostname = Surroundings::hostname;
    options.idle_time_out = std::chrono::minutes(20);
    options.sasl = amqp::SaslMechanism::plain;
    options.user = std::move(user);
    options.password = std::move(password);
    return options;
}

/// The hub accepts whatever it did as asked; what came too late it answers by a rejection.
bool done(const std::optional<amqp::DeliveryState>& answer) {
    return answer && std::holds_alternative<amqp::Accepted>(*answer);
}

/// What a sick disk makes of a message nobody knows, as with any answer that did not come.
bool left_open(const amqp::DeliveryState& answer) {
    const auto* rejected = std::get_if<amqp::Rejected>(&answer);
    return rejected != nullptr && rejected->error &&
           wire::amqp_error(rejected->error->condition, rejected->error->description).code ==
               ErrorCode::service_unavailable;
}

class AmqpPeer : public Peer {
  public:
    AmqpPeer(Surroundings& around, const Line& line, std::string user, std::string token)
        : around_(around),
          line_(line),
          engine_(options(std::move(user), std::move(token)), around.clock.now().steady) {
        handle_events();
    }

    void receive(BytesView bytes) override {
        engine_.receive(bytes, around_.clock.now().steady);
        handle_events();
    }
    Bytes take_output() override { return engine_.take_output(); }
    void advance() override {
        engine_.advance(around_.clock.now().steady);
        handle_events();
    }
    bool over() const override { return engine_.finished(); }

  protected:
    virtual void opened(amqp::SessionId session) = 0;
    virtual void attached(amqp::LinkId) {}
    virtual void came(amqp::Delivered&& delivered) = 0;
    virtual void decided(const amqp::DispositionReceived& disposition) = 0;

    void handle_events() {
        while (auto event = engine_.next_event()) {
            if (std::holds_alternative<amqp::Opened>(*event)) {
                if (const auto session = engine_.begin()) opened(*session);
            } else if (auto* link = std::get_if<amqp::Attached>(&*event)) {
                attached(link->link);
            } else if (auto* delivered = std::get_if<amqp::Delivered>(&*event)) {
                came(std::move(*delivered));
            } else if (auto* disposition = std::get_if<amqp::DispositionReceived>(&*event)) {
                decided(*disposition);
            }
        }
    }
    amqp::LinkId attach(amqp::SessionId session, amqp::Attach wanted) {
        return engine_.attach(session, std::move(wanted)).value_or(amqp::LinkId{});
    }

    Surroundings& around_;
    const Line& line_;
    amqp::Connection engine_;
};

class AmqpDevice final : public AmqpPeer {
  public:
    AmqpDevice(Surroundings& around, const Line& line)
        : AmqpPeer(around, line, line.device + "@sas.hub", around.device_token(line)),
          second_(around.random.chance(50)) {}

    void act() override {
        if (held_.empty()) return;
        const auto at = static_cast<std::ptrdiff_t>(around_.random.below(held_.size()));
        const auto [delivery, id] = held_[static_cast<std::size_t>(at)];
        held_.erase(held_.begin() + at);
        const Ending ending = around_.choose();
        around_.history.settling(line_, id, ending);
        if (second_) asked_[delivery] = {id, ending};
        engine_.settle(receiver_, delivery, state_of(ending));
    }

  private:
    static amqp::DeliveryState state_of(Ending ending) {
        if (ending == Ending::complete) return amqp::Accepted{};
        if (ending == Ending::abandon) return amqp::Released{};
        return amqp::Rejected{};
    }
    void opened(amqp::SessionId session) override {
        auto wanted = amqp::receiver_attach(
            "in", fmt::format("/devices/{}/messages/devicebound", line_.device));
        if (second_) wanted.receiver_settle_mode = amqp::ReceiverSettleMode::second;
        receiver_ = attach(session, std::move(wanted));
    }
    void attached(amqp::LinkId link) override {
        engine_.set_credit_window(link, static_cast<std::uint32_t>(1 + around_.random.below(5)));
    }
    void came(amqp::Delivered&& delivered) override {
        const auto message = amqp::decode_message(delivered.payload);
        const auto read = message
                              ? wire::from_devicebound(*message)
                              : Result<model::CloudToDeviceMessage>(fail(ErrorCode::malformed, ""));
        const std::string id = read ? read->message_id.value_or("none") : "none";
        around_.history.delivered(line_, line_.opened_at, line_.opened_step, id,
                                  read ? as_text(read->body) : "");
        held_.emplace_back(delivered.id, id);
    }
    void decided(const amqp::DispositionReceived& disposition) override {
        const auto asked = asked_.find(disposition.id);
        if (asked == asked_.end()) return;
        const auto [id, ending] = asked->second;
        asked_.erase(asked);
        if (done(disposition.state)) around_.history.settled(id, ending);
    }

    const bool second_;  ///< the hub answers each decision
    amqp::LinkId receiver_{};
    std::deque<std::pair<amqp::DeliveryId, std::string>> held_;
    std::map<amqp::DeliveryId, std::pair<std::string, Ending>> asked_;
};

class AmqpService final : public AmqpPeer {
  public:
    AmqpService(Surroundings& around, const Line& line, const std::vector<std::string>& devices)
        : AmqpPeer(around, line, "iothubowner@sas.root.hub", around.policy_token()),
          devices_(devices) {}

    void act() override {
        if (!batches_.empty() && (around_.draining || around_.random.chance(50))) {
            const auto [delivery, batch] = std::move(batches_.front());
            batches_.pop_front();
            asked_[delivery] = batch;
            engine_.settle(feedback_, delivery, amqp::Accepted{});
            return;
        }
        if (around_.draining || !engine_.can_send(sender_) || sent_.size() >= 8) return;
        send();
    }

  private:
    void opened(amqp::SessionId session) override {
        sender_ = attach(session, amqp::sender_attach("out", "/messages/devicebound"));
        auto wanted = amqp::receiver_attach("feedback", "/messages/servicebound/feedback");
        wanted.receiver_settle_mode = amqp::ReceiverSettleMode::second;
        feedback_ = attach(session, std::move(wanted));
    }
    void attached(amqp::LinkId link) override {
        if (link == feedback_) engine_.set_credit_window(link, 2);
    }
    void send() {
        static constexpr std::array acks{"none", "positive", "negative", "full", "full"};
        const std::string& device = devices_[around_.random.below(devices_.size())];
        const bool expires = around_.random.chance(5);
        const auto sent = around_.history.send(device, line_.id,
                                               acks[around_.random.below(acks.size())], expires);
        amqp::Message message;
        message.properties.emplace();
        message.properties->to = fmt::format("/devices/{}/messages/devicebound", device);
        message.properties->message_id = amqp::Value(sent.id);
        if (expires) {
            message.properties->absolute_expiry_time =
                around_.clock.now().wall + std::chrono::seconds(20);
        }
        message.application_properties.add("iothub-ack", sent.ack);
        message.data.push_back(to_bytes(sent.body));
        Bytes tag;
        ByteWriter(tag).u64(++last_tag_);
        const Bytes payload = amqp::encode_message(message);
        if (const auto id = engine_.send(sender_, {.tag = tag, .payload = payload})) {
            sent_.emplace(*id, sent.id);
        }
    }
    void came(amqp::Delivered&& delivered) override {
        const auto message = amqp::decode_message(delivered.payload);
        if (!message || message->data.empty()) return;
        std::string batch = to_text(message->data.front());
        around_.history.feedback(line_.opened_step, batch);
        batches_.emplace_back(delivered.id, std::move(batch));
    }
    void decided(const amqp::DispositionReceived& disposition) override {
        if (disposition.link == feedback_) {
            if (const auto asked = asked_.find(disposition.id); asked != asked_.end()) {
                if (done(disposition.state)) around_.history.feedback_settled(asked->second);
                asked_.erase(asked);
            }
            return;
        }
        const auto sent = sent_.find(disposition.id);
        if (sent == sent_.end() || !disposition.state) return;
        if (done(disposition.state)) {
            around_.history.accepted(sent->second);
        } else if (!left_open(*disposition.state)) {
            around_.history.refused(sent->second);
        }
        if (!disposition.settled) engine_.settle_sent(sender_, disposition.id, amqp::Accepted{});
        sent_.erase(sent);
    }

    const std::vector<std::string>& devices_;
    amqp::LinkId sender_{};
    amqp::LinkId feedback_{};
    std::map<amqp::DeliveryId, std::string> sent_;
    std::deque<std::pair<amqp::DeliveryId, std::string>> batches_;
    std::map<amqp::DeliveryId, std::string> asked_;
    std::uint64_t last_tag_ = 0;
};

}  // namespace

std::unique_ptr<Peer> make_amqp_device(Surroundings& around, const Line& line) {
    return std::make_unique<AmqpDevice>(around, line);
}

std::unique_ptr<Peer> make_amqp_service(Surroundings& around, const Line& line,
                                        const std::vector<std::string>& devices) {
    return std::make_unique<AmqpService>(around, line, devices);
}

}  // namespace restante::simulation
