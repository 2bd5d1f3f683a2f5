#pragma once
// A client of an AmqpSession in memory: an AMQP engine at the other end of a SessionHarness, with
// the calls a test wants to make of it.

#include <string>
#include <vector>

#include "gateway/amqp/amqp_session.hpp"
#include "protocol/amqp/frame.hpp"
#include "protocol/amqp/message.hpp"
#include "protocol/amqp/performative_codec.hpp"
#include "support/amqp_peer.hpp"
#include "support/session_harness.hpp"

namespace restante::test {

/// Reads along on one direction of a connection without SASL.
class AmqpTap {
  public:
    std::vector<amqp::Performative> read(BytesView bytes) {
        std::vector<amqp::Performative> read;
        frames_.append(bytes);
        if (!header_seen_) header_seen_ = frames_.header().has_value();
        while (header_seen_) {
            const auto frame = frames_.next(amqp::frame_bytes_max);
            if (!frame || !*frame) break;
            if ((*frame)->body.empty()) continue;
            ByteReader body((*frame)->body);
            auto performative = amqp::read_performative(body);
            EXPECT_TRUE(performative);
            if (performative) read.push_back(std::move(*performative));
        }
        return read;
    }

  private:
    amqp::FrameReader frames_;
    bool header_seen_ = false;
};

class AmqpClient {
  public:
    AmqpClient(const gateway::Access& access, const Clock& clock,
               amqp::Options options = amqp::test::client_options(),
               std::vector<Bytes> certificate_chain = {})
        : harness(
              std::make_unique<gateway::AmqpSession>(access), clock,
              {.address = "192.0.2.7:40112", .certificate_chain = std::move(certificate_chain)}),
          engine(options, clock.now().steady),
          clock_(clock),
          tapped_(options.sasl == amqp::SaslMechanism::none) {
        pump();
    }

    /// Carries bytes both ways until neither end has more to say.
    void pump() {
        for (;;) {
            amqp::test::drain(engine, events);
            const Bytes up = engine.take_output();
            const Bytes down = std::exchange(harness.output(), Bytes());
            if (up.empty() && down.empty()) return;
            read_along(up, down);
            harness.receive(up);
            engine.receive(down, clock_.now().steady);
        }
    }

    /// Time has moved, for both ends.
    void advance() {
        engine.advance(clock_.now().steady);
        pump();
        harness.advance();
        pump();
    }

    template <class Condition>
    bool wait_until(Condition condition) {
        return harness.wait_until([&] {
            pump();
            return condition() || harness.ended();
        });
    }
    /// The next event of a type; fails the test when none comes.
    template <class T>
    T expect() {
        wait_until([&] { return amqp::test::count<T>(events) > 0; });
        return amqp::test::take<T>(events);
    }
    template <class T>
    std::size_t count() {
        pump();
        return amqp::test::count<T>(events);
    }

    amqp::SessionId begin() {
        pump();
        const auto session = engine.begin();
        EXPECT_TRUE(session);
        pump();
        return session.value_or(amqp::SessionId{});
    }
    /// The one session most tests need.
    amqp::SessionId session() {
        if (!session_) session_ = begin();
        return *session_;
    }

    /// A link that the hub grants.
    amqp::LinkId attach(amqp::Attach attach) {
        const auto link = ask(std::move(attach));
        // Another link may end meanwhile: the one that this one replaces.
        const auto refused = [&] {
            return std::ranges::any_of(events, [&](const amqp::Event& event) {
                const auto* detached = std::get_if<amqp::Detached>(&event);
                return detached != nullptr && detached->link == link;
            });
        };
        wait_until([&] { return amqp::test::count<amqp::Attached>(events) > 0 || refused(); });
        EXPECT_FALSE(refused());
        EXPECT_EQ(amqp::test::take<amqp::Attached>(events).link, link);
        return link;
    }
    /// The error with which the hub refuses a link.
    amqp::ErrorCondition refused(amqp::Attach attach) {
        ask(std::move(attach));
        const auto detached = expect<amqp::Detached>();
        EXPECT_EQ(amqp::test::count<amqp::Attached>(events), 0U);
        return detached.error.value_or(amqp::ErrorCondition{});
    }
    amqp::LinkId receiver(std::string address, std::uint32_t credit = 10,
                          amqp::ReceiverSettleMode mode = amqp::ReceiverSettleMode::first) {
        auto wanted = amqp::test::receiver_from(std::move(address));
        wanted.receiver_settle_mode = mode;
        const auto link = attach(std::move(wanted));
        if (credit > 0) engine.set_credit_window(link, credit);
        pump();
        return link;
    }
    amqp::LinkId sender(std::string address) {
        const auto link = attach(amqp::test::sender_to(std::move(address)));
        wait_until([&] { return engine.can_send(link); });
        return link;
    }

    Result<amqp::DeliveryId> send(amqp::LinkId link, const amqp::Message& message,
                                  bool settled = false) {
        const Bytes tag = to_bytes(std::to_string(++last_tag_));
        const Bytes payload = amqp::encode_message(message);
        auto sent = engine.send(link, {.tag = tag, .payload = payload, .settled = settled});
        EXPECT_TRUE(sent);
        pump();
        return sent;
    }
    /// The next message on a link, and the delivery it came in.
    struct Received {
        amqp::Delivered delivery;
        amqp::Message message;
        std::string body() const { return message.data.empty() ? "" : to_text(message.data[0]); }
    };
    Received receive() {
        Received received{.delivery = expect<amqp::Delivered>(), .message = {}};
        auto message = amqp::decode_message(received.delivery.payload);
        EXPECT_TRUE(message);
        if (message) received.message = std::move(*message);
        return received;
    }

    /// What the hub answers to a token: status and description, as "200 OK".
    std::string put_token(std::string_view token, std::string_view operation = "put-token",
                          std::string_view type = "servicebus.windows.net:sastoken") {
        if (!cbs_out_) {
            cbs_out_ = sender("$cbs");
            cbs_in_ = receiver("$cbs", 100);
        }
        amqp::Message request;
        request.properties.emplace();
        request.properties->message_id = std::uint64_t{++last_request_};
        request.application_properties.add("operation", operation);
        request.application_properties.add("type", type);
        request.application_properties.add("name", "audience");
        request.value = amqp::Value(token);
        send(*cbs_out_, request);
        const auto outcome = expect<amqp::DispositionReceived>();
        EXPECT_TRUE(outcome.settled);
        const auto response = receive();
        EXPECT_EQ(response.delivery.link, *cbs_in_);
        EXPECT_EQ(response.message.properties->correlation_id, amqp::Value(last_request_));
        const auto& answer = response.message.application_properties;
        return std::to_string(*answer.find("status-code")->get_if<std::int32_t>()) + ' ' +
               *answer.find("status-description")->get_if<std::string>();
    }

    // By hand, what the engine would not do: on the first session and the link attached last.

    /// Grants exactly this credit, also less than before.
    void flow(std::uint32_t credit, bool drain = false) {
        // The engine must think that it gave all this credit itself, but not say so.
        engine.set_credit_window(last_link_id_, own_credit);
        engine.take_output();
        write(amqp::Flow{.incoming_window = 10'000,
                         .outgoing_window = 10'000,
                         .handle = handle_,
                         .delivery_count = delivery_count_,
                         .link_credit = credit,
                         .drain = drain});
    }
    void disposition(amqp::DeliveryId first, amqp::DeliveryId last,
                     const amqp::DeliveryState& state, bool settled) {
        write(amqp::Disposition{.role = amqp::Role::receiver,
                                .first = static_cast<std::uint32_t>(first),
                                .last = static_cast<std::uint32_t>(last),
                                .settled = settled,
                                .state = state});
    }
    /// A decision that wants the hub's own settlement, as C# makes them.
    void disposition(amqp::DeliveryId delivery, const amqp::DeliveryState& state) {
        disposition(delivery, delivery, state, false);
    }
    /// The next disposition in which the hub settles what it sent.
    amqp::Disposition own_settlement() {
        wait_until([&] { return !settlements_.empty(); });
        if (settlements_.empty()) {
            ADD_FAILURE() << "the hub settled nothing";
            return {};
        }
        auto first = settlements_.front();
        settlements_.erase(settlements_.begin());
        return first;
    }

    SessionHarness harness;
    amqp::Connection engine;
    std::vector<amqp::Event> events;

  private:
    amqp::LinkId ask(amqp::Attach attach) {
        attach.name += std::to_string(++last_link_);
        const auto link = engine.attach(session(), std::move(attach));
        EXPECT_TRUE(link);
        last_link_id_ = link.value_or(amqp::LinkId{});
        return last_link_id_;
    }
    template <class T>
    void write(const T& performative) {
        pump();
        Bytes bytes;
        amqp::FrameWriter writer(bytes, amqp::FrameType::amqp, 0);
        amqp::write(bytes, performative);
        writer.finish();
        harness.receive(bytes);
        pump();
    }
    void read_along(BytesView up, BytesView down) {
        if (!tapped_) return;
        for (const auto& performative : up_.read(up)) {
            if (const auto* attach = std::get_if<amqp::Attach>(&performative)) {
                handle_ = attach->handle;
            }
        }
        for (const auto& performative : down_.read(down)) {
            if (const auto* attach = std::get_if<amqp::Attach>(&performative)) {
                hub_handle_ = attach->handle;
                delivery_count_ = attach->initial_delivery_count.value_or(0);
            } else if (const auto* transfer = std::get_if<amqp::Transfer>(&performative)) {
                if (transfer->handle == hub_handle_ && !transfer->more) ++delivery_count_;
            } else if (const auto* flow = std::get_if<amqp::Flow>(&performative)) {
                if (flow->handle == hub_handle_) {
                    delivery_count_ = flow->delivery_count.value_or(delivery_count_);
                }
            } else if (const auto* settled = std::get_if<amqp::Disposition>(&performative)) {
                if (settled->role == amqp::Role::sender) settlements_.push_back(*settled);
            }
        }
    }

    static constexpr std::uint32_t own_credit = 8'000;

    const Clock& clock_;
    bool tapped_;
    AmqpTap up_;
    AmqpTap down_;
    amqp::LinkId last_link_id_{};
    std::uint32_t handle_ = 0;
    std::uint32_t hub_handle_ = 0;
    std::uint32_t delivery_count_ = 0;
    std::vector<amqp::Disposition> settlements_;
    std::optional<amqp::SessionId> session_;
    std::optional<amqp::LinkId> cbs_out_;
    std::optional<amqp::LinkId> cbs_in_;
    std::uint64_t last_request_ = 0;
    int last_tag_ = 0;
    int last_link_ = 0;
};

}  // namespace restante::test
