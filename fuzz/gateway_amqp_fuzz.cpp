// uses: gateway_amqp
// A whole AMQP session over a real hub, against a client whose performatives are well-formed and
// whose conversation is not: opened twice, channels and handles used twice or never opened,
// transfers beyond the credit or without an end, dispositions of what never was, windows that wrap,
// links to the addresses of others, tokens good, bad and many (gateway_attack.hpp).
//
// The input is a script of steps: a byte for the operation, whose upper bits hold its frames back
// until the next one, let the hub fall behind, or damage a byte of them; then the operation's own
// bytes.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/byte_reader.hpp"
#include "gateway/amqp/amqp_session.hpp"
#include "gateway_attack.hpp"
#include "protocol/amqp/frame.hpp"
#include "protocol/amqp/performative_codec.hpp"

namespace {

using namespace restante;
using namespace restante::amqp;

/// Answers to as many frames as a step has room for, and a window of messages.
constexpr std::size_t step_bytes_max = std::size_t{512} * 1024;

constexpr std::uint8_t damaged = 0x20;

constexpr std::array<std::string_view, 16> addresses{
    "$cbs",
    "/devices/own/messages/devicebound",
    "/devices/own/messages/events",
    "/devices/own/twin",
    "/devices/own/methods/devicebound",
    "/devices/victim/messages/devicebound",
    "/devices/victim/messages/events",
    "/messages/devicebound",
    "/messages/servicebound/feedback",
    "/messages/servicebound/filenotifications",
    "/devices/own/modules/m/messages/devicebound",
    "/devices/own/modules/m/twin",
    "amqps://hub.example:5671/devices/%6Fwn/messages/deviceBound/",
    "/devices/nobody/messages/devicebound",
    "/devices//messages/devicebound",
    "",
};

constexpr std::array<std::string_view, 6> user_names{
    "own@sas.hub",    "iothubowner@sas.root.hub", "service@sas.root.hub",
    "victim@sas.hub", "own/modules/m@sas.hub",    "@",
};
constexpr std::array<std::string_view, 4> mechanisms{"PLAIN", "ANONYMOUS", "EXTERNAL", "MSSBCBS"};

class Script {
  public:
    explicit Script(BytesView bytes)
        : in_(bytes),
          attack_(world_, std::make_unique<gateway::AmqpSession>(world_.access), step_bytes_max) {}

    void run() {
        while (!in_.empty() && in_.ok()) step();
        attack_.finish();
    }

  private:
    void step() {
        const std::uint8_t operation = in_.u8();
        const std::size_t before = pending_.size();
        do_operation(operation & 0x1f);
        if ((operation & damaged) != 0 && pending_.size() > before) {
            const std::size_t at = before + in_.u8() % (pending_.size() - before);
            pending_[at] = static_cast<std::uint8_t>(pending_[at] ^ in_.u8());
        }
        attack_.end_step(operation, pending_, 8192);
    }

    void do_operation(unsigned operation) {
        switch (operation) {
            case 0:
                return append(pending_, in_.u8() % 2 == 0 ? amqp_header : sasl_header);
            case 1:
                return sasl(in_.u8());
            case 2:
                return open();
            case 3:
                return begin();
            case 4:
                return attach();
            case 5:
                return flow();
            case 6:
                return transfer();
            case 7:
                return disposition();
            case 8:
                return frame(channel(), Detach{.handle = number(6), .closed = in_.u8() % 2 == 0});
            case 9:
                return frame(channel(), End{});
            case 10:
                return frame(channel(), Close{});
            case 11:
                return raw_frame(static_cast<FrameType>(in_.u8() % 3), 0, some(128));
            case 12:
                return append(pending_, some(64));
            case 14:
                return attack_.pass_within_a_day(std::chrono::seconds(in_.u16()));
            case 15:
                return attack_.disturb(in_.u8());
            case 16:
                return stand_by_token();
            case 17:
                return stand_by_plain();
            case 18:
                return never_ending();
            default: {
                const auto handle = number(6);
                return give_credit(handle, in_.u8());
            }
        }
    }

    // -- what bytes of the script stand for --------------------------------------------------

    BytesView some(std::size_t most) {
        return in_.take(std::min<std::size_t>(in_.u8() % most, in_.remaining()));
    }
    /// A small one, as most have, or any.
    std::uint32_t number(std::uint32_t small) {
        const std::uint8_t choice = in_.u8();
        return choice == 0xff ? in_.u32() : choice % small;
    }
    std::uint16_t channel() { return static_cast<std::uint16_t>(number(3)); }
    std::optional<std::uint32_t> maybe(std::uint32_t small) {
        const std::uint8_t choice = in_.u8();
        if (choice == 0xfe) return std::nullopt;
        return choice == 0xff ? in_.u32() : choice % small;
    }
    std::string address() {
        const std::uint8_t choice = in_.u8();
        if (choice % 17 == 16) return to_text(some(48));
        return std::string(addresses[choice % addresses.size()]);
    }
    std::optional<DeliveryState> state() {
        switch (in_.u8() % 8) {
            case 0:
                return Accepted{};
            case 1:
                return Rejected{};
            case 2:
                return Released{};
            case 3:
                return Modified{.delivery_failed = true};
            case 4:
                return Modified{.undeliverable_here = true};
            case 5:
                return Received{.section_number = in_.u8(), .section_offset = in_.u8()};
            case 6:
                return Rejected{.error = ErrorCondition{.condition = to_text(some(16))}};
            default:
                return std::nullopt;
        }
    }

    // -- frames ------------------------------------------------------------------------------

    template <class Body>
    void frame(std::uint16_t channel, const Body& body, BytesView payload = {}) {
        FrameWriter writer(pending_, FrameType::amqp, channel);
        write(pending_, body);
        append(pending_, payload);
        writer.finish();
    }
    void raw_frame(FrameType type, std::uint16_t channel, BytesView body) {
        FrameWriter writer(pending_, type, channel);
        append(pending_, body);
        writer.finish();
    }
    void sasl(std::uint8_t shape) {
        SaslInit init{.mechanism = std::string(mechanisms[shape % mechanisms.size()])};
        std::string response("\0", 1);
        response += user_names[in_.u8() % user_names.size()];
        response += '\0';
        response += attack_.show(in_.u8());
        if ((shape & 16) != 0) response = to_text(some(32));
        if ((shape & 32) == 0) init.initial_response = to_bytes(response);
        FrameWriter writer(pending_, FrameType::sasl, 0);
        if ((shape & 64) == 0) {
            write(pending_, init);
        } else {
            write(pending_, SaslResponse{.response = to_bytes(response)});
        }
        writer.finish();
    }
    void open() {
        const std::uint8_t shape = in_.u8();
        Open open{.container_id = (shape & 1) == 0 ? "fuzz" : "", .hostname = "hub.example"};
        if ((shape & 2) != 0) open.max_frame_size = in_.u16();
        if ((shape & 4) != 0) open.channel_max = in_.u8();
        if ((shape & 8) != 0) open.idle_time_out_ms = in_.u32();
        frame((shape & 16) == 0 ? std::uint16_t{0} : channel(), open);
    }
    void begin() {
        const auto on = channel();
        const std::uint8_t shape = in_.u8();
        Begin begin{.incoming_window = 100, .outgoing_window = 100};
        if ((shape & 1) != 0) begin.remote_channel = channel();
        if ((shape & 2) != 0) begin.next_outgoing_id = in_.u32();
        if ((shape & 4) != 0) begin.incoming_window = in_.u32();
        if ((shape & 8) != 0) begin.handle_max = in_.u8();
        frame(on, begin);
    }
    void attach() {
        const auto on = channel();
        const std::uint8_t shape = in_.u8();
        Attach attach{.name = "n" + std::to_string(in_.u8() % 6), .handle = number(6)};
        attach.role = (shape & 1) == 0 ? Role::receiver : Role::sender;
        if ((shape & 2) != 0) attach.receiver_settle_mode = ReceiverSettleMode::second;
        if ((shape & 4) != 0) attach.sender_settle_mode = SenderSettleMode::settled;
        if ((shape & 8) == 0) attach.source = Source{.address = address()};
        if ((shape & 16) == 0) attach.target = Target{.address = address()};
        if ((shape & 32) != 0) attach.max_message_size = in_.u16();
        if (attach.role == Role::sender) attach.initial_delivery_count = maybe(4);
        if ((shape & 64) != 0 && attach.source) attach.source->dynamic = true;
        if ((shape & 128) != 0) attach.unsettled.add(Bytes{1}, Value());
        frame(on, attach);
    }
    void flow() {
        const auto on = channel();
        const std::uint8_t shape = in_.u8();
        frame(on, Flow{.next_incoming_id = maybe(8),
                       .incoming_window = number(200),
                       .next_outgoing_id = number(8),
                       .outgoing_window = number(200),
                       .handle = maybe(6),
                       .delivery_count = maybe(8),
                       .link_credit = maybe(16),
                       .drain = (shape & 1) != 0,
                       .echo = (shape & 2) != 0});
    }
    void disposition() {
        const auto on = channel();
        const std::uint8_t shape = in_.u8();
        frame(on, Disposition{.role = (shape & 1) == 0 ? Role::receiver : Role::sender,
                              .first = number(8),
                              .last = maybe(16),
                              .settled = (shape & 2) == 0,
                              .state = state()});
    }

    // -- messages ----------------------------------------------------------------------------

    static Bytes put_token(std::string_view operation, std::string_view type,
                           const std::string& token) {
        Message request;
        request.properties = Properties{.message_id = Value("1"), .reply_to = "cbs"};
        request.application_properties.add("operation", operation);
        request.application_properties.add("type", type);
        request.application_properties.add("name", "hub.example/devices/own");
        request.value = Value(token);
        return encode_message(request);
    }
    Bytes sent_message() {
        Message message;
        message.properties = Properties{.to = address()};
        message.application_properties.add("iothub-ack", "full");
        message.data.push_back(to_bytes(some(64)));
        return encode_message(message);
    }
    Bytes payload() {
        switch (in_.u8() % 8) {
            case 0:
                return sent_message();
            case 1:
                return put_token("put-token", "servicebus.windows.net:sastoken",
                                 attack_.show(in_.u8()));
            case 2:
                return put_token("put-token", "jwt", to_text(some(48)));
            case 3:
                return put_token("delete-token", "amqp:jwt", "");
            case 4: {  // a batch
                Message batch;
                for (unsigned i = in_.u8() % 4; i > 0; --i) batch.data.push_back(sent_message());
                return encode_message(batch);
            }
            case 5:
                return Bytes(std::size_t{in_.u16()} * 2, 0x40);
            case 6: {  // what a device asks of its twin
                Message request;
                request.properties = Properties{.correlation_id = Value("7")};
                request.message_annotations.add(Symbol{"operation"}, "GET");
                return encode_message(request);
            }
            default:
                return to_bytes(some(96));
        }
    }
    void transfer() {
        const auto on = channel();
        const std::uint8_t shape = in_.u8();
        const Bytes tag = to_bytes(some(40));
        Transfer transfer{.handle = number(6), .delivery_id = maybe(8), .delivery_tag = tag};
        if ((shape & 1) != 0) transfer.delivery_tag.reset();
        if ((shape & 2) != 0) transfer.settled = (shape & 4) != 0;
        transfer.more = (shape & 8) != 0;
        transfer.aborted = (shape & 0x90) == 0x90;
        transfer.resume = (shape & 0xa0) == 0xa0;
        transfer.message_format = (shape & 64) != 0 ? message_format_batch : 0;
        frame(on, transfer, payload());
    }
    /// Frames of one message that never ends.
    void never_ending() {
        const auto on = channel();
        const Bytes part(std::size_t{in_.u8()} * 128, 0x40);
        Transfer transfer{.handle = number(6), .delivery_id = maybe(8), .more = true};
        transfer.delivery_tag = as_bytes("t");
        for (unsigned i = in_.u8() % 32; i > 0; --i) frame(on, transfer, part);
    }

    // -- the way in --------------------------------------------------------------------------

    void begin_session() {
        frame(0, Open{.container_id = "fuzz", .hostname = "hub.example"});
        frame(0, Begin{.incoming_window = 100, .outgoing_window = 100});
    }
    void link(std::uint32_t handle, Role role, std::string_view address) {
        Attach attach{.name = "l" + std::to_string(handle), .handle = handle, .role = role};
        attach.source = Source{.address = std::string(address)};
        attach.target = Target{.address = std::string(address)};
        if (role == Role::sender) attach.initial_delivery_count = 0;
        frame(0, attach);
    }
    void give_credit(std::uint32_t handle, std::uint32_t credit) {
        frame(0, Flow{.next_incoming_id = 0,
                      .incoming_window = 100,
                      .outgoing_window = 100,
                      .handle = handle,
                      .delivery_count = 0,
                      .link_credit = credit});
    }
    /// As SDKs do it: $cbs, a token, then a link to the address that the script chooses.
    void stand_by_token() {
        append(pending_, amqp_header);
        begin_session();
        link(0, Role::sender, "$cbs");
        link(1, Role::receiver, "$cbs");
        give_credit(1, 10);
        attack_.say(std::exchange(pending_, {}));
        attack_.work();
        frame(0, Transfer{.handle = 0, .delivery_id = 0, .delivery_tag = as_bytes("t")},
              put_token("put-token", "servicebus.windows.net:sastoken", attack_.show(in_.u8())));
        attack_.say(std::exchange(pending_, {}));
        attack_.work();
        use_link();
    }
    void stand_by_plain() {
        append(pending_, sasl_header);
        sasl(0);
        attack_.say(std::exchange(pending_, {}));
        attack_.work();
        append(pending_, amqp_header);
        begin_session();
        use_link();
    }
    void use_link() {
        const auto role = in_.u8() % 2 == 0 ? Role::receiver : Role::sender;
        link(2, role, address());
        if (role == Role::receiver) give_credit(2, 8);
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
