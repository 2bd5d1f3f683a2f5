#include "protocol/amqp/composite.hpp"
#include "protocol/amqp/delivery_state_codec.hpp"
#include "protocol/amqp/descriptor.hpp"
#include "protocol/amqp/performative_codec.hpp"

namespace restante::amqp {
namespace {

using Symbols = std::vector<Symbol>;

/// Passes over a terminus of another kind. Only a transaction coordinator is known.
void skip(ByteReader& in) {
    if (!read_value(in)) in.fail();
}

std::optional<Source> read_source(ByteReader& in) {
    const auto kind = read_descriptor(in);
    if (kind != descriptor::source) {
        skip(in);
        return std::nullopt;
    }
    FieldReader fields(in, 11);
    Source source;
    source.address = fields.optional<std::string>();
    source.durable = fields.value_or(source.durable);
    source.expiry_policy = fields.value_or(source.expiry_policy);
    source.timeout_seconds = fields.value_or(source.timeout_seconds);
    source.dynamic = fields.value_or(source.dynamic);
    source.dynamic_node_properties = fields.value_or<Map>({});
    source.distribution_mode = fields.optional<Symbol>();
    source.filter = fields.value_or<Map>({});
    source.default_outcome = fields.value_or<Value>({});
    source.outcomes = fields.value_or<Symbols>({});
    source.capabilities = fields.value_or<Symbols>({});
    if (!fields.finish()) return std::nullopt;
    return source;
}

std::optional<Target> read_target(ByteReader& in) {
    const auto kind = read_descriptor(in);
    if (kind != descriptor::target) {
        skip(in);
        return std::nullopt;
    }
    FieldReader fields(in, 7);
    Target target;
    target.address = fields.optional<std::string>();
    target.durable = fields.value_or(target.durable);
    target.expiry_policy = fields.value_or(target.expiry_policy);
    target.timeout_seconds = fields.value_or(target.timeout_seconds);
    target.dynamic = fields.value_or(target.dynamic);
    target.dynamic_node_properties = fields.value_or<Map>({});
    target.capabilities = fields.value_or<Symbols>({});
    if (!fields.finish()) return std::nullopt;
    return target;
}

Open read_open(ByteReader& in) {
    FieldReader fields(in, 10);
    Open open;
    open.container_id = fields.required<std::string>();
    open.hostname = fields.optional<std::string>();
    open.max_frame_size = fields.value_or(open.max_frame_size);
    open.channel_max = fields.value_or(open.channel_max);
    open.idle_time_out_ms = fields.optional<std::uint32_t>();
    open.outgoing_locales = fields.value_or<Symbols>({});
    open.incoming_locales = fields.value_or<Symbols>({});
    open.offered_capabilities = fields.value_or<Symbols>({});
    open.desired_capabilities = fields.value_or<Symbols>({});
    open.properties = fields.value_or<Map>({});
    fields.finish();
    return open;
}

Begin read_begin(ByteReader& in) {
    FieldReader fields(in, 8);
    Begin begin;
    begin.remote_channel = fields.optional<std::uint16_t>();
    begin.next_outgoing_id = fields.required<std::uint32_t>();
    begin.incoming_window = fields.required<std::uint32_t>();
    begin.outgoing_window = fields.required<std::uint32_t>();
    begin.handle_max = fields.value_or(begin.handle_max);
    begin.offered_capabilities = fields.value_or<Symbols>({});
    begin.desired_capabilities = fields.value_or<Symbols>({});
    begin.properties = fields.value_or<Map>({});
    fields.finish();
    return begin;
}

Attach read_attach(ByteReader& in) {
    FieldReader fields(in, 14);
    Attach attach;
    attach.name = fields.required<std::string>();
    attach.handle = fields.required<std::uint32_t>();
    attach.role = fields.required<bool>() ? Role::receiver : Role::sender;
    const auto sender_mode = fields.value_or(std::uint8_t{2});
    const auto receiver_mode = fields.value_or(std::uint8_t{0});
    if (sender_mode > 2 || receiver_mode > 1) in.fail();
    attach.sender_settle_mode = static_cast<SenderSettleMode>(sender_mode);
    attach.receiver_settle_mode = static_cast<ReceiverSettleMode>(receiver_mode);
    attach.source = fields.composite<Source>(read_source);
    attach.target = fields.composite<Target>(read_target);
    attach.unsettled = fields.value_or<Map>({});
    attach.incomplete_unsettled = fields.value_or(false);
    attach.initial_delivery_count = fields.optional<std::uint32_t>();
    attach.max_message_size = fields.optional<std::uint64_t>();
    attach.offered_capabilities = fields.value_or<Symbols>({});
    attach.desired_capabilities = fields.value_or<Symbols>({});
    attach.properties = fields.value_or<Map>({});
    fields.finish();
    return attach;
}

Flow read_flow(ByteReader& in) {
    FieldReader fields(in, 11);
    Flow flow;
    flow.next_incoming_id = fields.optional<std::uint32_t>();
    flow.incoming_window = fields.required<std::uint32_t>();
    flow.next_outgoing_id = fields.required<std::uint32_t>();
    flow.outgoing_window = fields.required<std::uint32_t>();
    flow.handle = fields.optional<std::uint32_t>();
    flow.delivery_count = fields.optional<std::uint32_t>();
    flow.link_credit = fields.optional<std::uint32_t>();
    flow.available = fields.optional<std::uint32_t>();
    flow.drain = fields.value_or(false);
    flow.echo = fields.value_or(false);
    fields.optional<Map>();  // properties
    fields.finish();
    return flow;
}

Transfer read_transfer(ByteReader& in) {
    FieldReader fields(in, 11);
    Transfer transfer;
    transfer.handle = fields.required<std::uint32_t>();
    transfer.delivery_id = fields.optional<std::uint32_t>();
    transfer.delivery_tag = fields.optional<BytesView>();
    transfer.message_format = fields.optional<std::uint32_t>();
    transfer.settled = fields.optional<bool>();
    transfer.more = fields.value_or(false);
    fields.optional<std::uint8_t>();                       // rcv-settle-mode
    fields.composite<DeliveryState>(read_delivery_state);  // of a resumed delivery
    transfer.resume = fields.value_or(false);
    transfer.aborted = fields.value_or(false);
    fields.optional<bool>();  // batchable
    fields.finish();
    return transfer;
}

Disposition read_disposition(ByteReader& in) {
    FieldReader fields(in, 6);
    Disposition disposition;
    disposition.role = fields.required<bool>() ? Role::receiver : Role::sender;
    disposition.first = fields.required<std::uint32_t>();
    disposition.last = fields.optional<std::uint32_t>();
    disposition.settled = fields.value_or(false);
    disposition.state = fields.composite<DeliveryState>(read_delivery_state);
    fields.optional<bool>();  // batchable
    fields.finish();
    return disposition;
}

Detach read_detach(ByteReader& in) {
    FieldReader fields(in, 3);
    Detach detach;
    detach.handle = fields.required<std::uint32_t>();
    detach.closed = fields.value_or(false);
    detach.error = fields.composite<ErrorCondition>(read_error);
    fields.finish();
    return detach;
}

std::optional<ErrorCondition> read_ending(ByteReader& in) {
    FieldReader fields(in, 1);
    auto error = fields.composite<ErrorCondition>(read_error);
    fields.finish();
    return error;
}

/// nullopt when the descriptor names no performative.
std::optional<Performative> read_body(ByteReader& in, std::uint8_t descriptor) {
    switch (descriptor) {
        case descriptor::open:
            return read_open(in);
        case descriptor::begin:
            return read_begin(in);
        case descriptor::attach:
            return read_attach(in);
        case descriptor::flow:
            return read_flow(in);
        case descriptor::transfer:
            return read_transfer(in);
        case descriptor::disposition:
            return read_disposition(in);
        case descriptor::detach:
            return read_detach(in);
        case descriptor::end:
            return End{.error = read_ending(in)};
        case descriptor::close:
            return Close{.error = read_ending(in)};
        default:
            return std::nullopt;
    }
}

SaslMechanisms read_mechanisms(ByteReader& in) {
    FieldReader fields(in, 1);
    SaslMechanisms mechanisms{.mechanisms = fields.required<Symbols>()};
    fields.finish();
    if (mechanisms.mechanisms.empty()) in.fail();  // AMQP 5.3.3.1: neither null nor empty
    return mechanisms;
}

SaslInit read_init(ByteReader& in) {
    FieldReader fields(in, 3);
    SaslInit init;
    init.mechanism = fields.required<Symbol>().text;
    init.initial_response = fields.optional<Bytes>();
    init.hostname = fields.optional<std::string>();
    fields.finish();
    return init;
}

Bytes read_only_binary(ByteReader& in) {
    FieldReader fields(in, 1);
    Bytes bytes = fields.required<Bytes>();
    fields.finish();
    return bytes;
}

SaslOutcome read_outcome(ByteReader& in) {
    FieldReader fields(in, 2);
    const auto code = fields.required<std::uint8_t>();
    if (code > static_cast<std::uint8_t>(SaslCode::sys_temp)) in.fail();
    SaslOutcome outcome{.code = static_cast<SaslCode>(code),
                        .additional_data = fields.optional<Bytes>()};
    fields.finish();
    return outcome;
}

std::optional<SaslFrame> read_sasl_body(ByteReader& in, std::uint8_t descriptor) {
    switch (descriptor) {
        case descriptor::sasl_mechanisms:
            return read_mechanisms(in);
        case descriptor::sasl_init:
            return read_init(in);
        case descriptor::sasl_challenge:
            return SaslChallenge{.challenge = read_only_binary(in)};
        case descriptor::sasl_response:
            return SaslResponse{.response = read_only_binary(in)};
        case descriptor::sasl_outcome:
            return read_outcome(in);
        default:
            return std::nullopt;
    }
}

const char* name_of(std::uint8_t descriptor) {
    switch (descriptor) {
        case descriptor::open:
            return "an open";
        case descriptor::begin:
            return "a begin";
        case descriptor::attach:
            return "an attach";
        case descriptor::flow:
            return "a flow";
        case descriptor::transfer:
            return "a transfer";
        case descriptor::disposition:
            return "a disposition";
        case descriptor::detach:
            return "a detach";
        case descriptor::end:
            return "an end";
        case descriptor::close:
            return "a close";
        default:
            return "a SASL frame";
    }
}

std::unexpected<Error> bad_fields(std::uint8_t descriptor) {
    return fail(ErrorCode::malformed,
                std::string(name_of(descriptor)) +
                    " whose fields are truncated, of the wrong type, missing or too many");
}

}  // namespace

Result<Performative> read_performative(ByteReader& in) {
    const auto descriptor = read_descriptor(in);
    auto performative = descriptor ? read_body(in, *descriptor) : std::nullopt;
    if (!performative) return fail(ErrorCode::malformed, "a frame that holds no performative");
    if (!in.ok()) return bad_fields(*descriptor);
    return std::move(*performative);
}

Result<SaslFrame> decode_sasl_frame(BytesView body) {
    ByteReader in(body);
    const auto descriptor = read_descriptor(in);
    auto frame = descriptor ? read_sasl_body(in, *descriptor) : std::nullopt;
    if (!frame) return fail(ErrorCode::malformed, "a SASL frame of no known kind");
    if (!in.ok() || !in.empty()) return bad_fields(*descriptor);
    return std::move(*frame);
}

}  // namespace restante::amqp
