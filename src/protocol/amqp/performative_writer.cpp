#include "protocol/amqp/composite.hpp"
#include "protocol/amqp/delivery_state_codec.hpp"
#include "protocol/amqp/descriptor.hpp"
#include "protocol/amqp/performative_codec.hpp"

namespace restante::amqp {
namespace {

void write_source(Bytes& out, const Source& source) {
    FieldWriter(out, descriptor::source)
        .add(source.address)
        .add(source.durable)
        .add(source.expiry_policy)
        .add(source.timeout_seconds)
        .add(source.dynamic)
        .add(source.dynamic_node_properties)
        .add(source.distribution_mode)
        .add(source.filter)
        .add(source.default_outcome)
        .add(source.outcomes)
        .add(source.capabilities)
        .finish();
}

void write_target(Bytes& out, const Target& target) {
    FieldWriter(out, descriptor::target)
        .add(target.address)
        .add(target.durable)
        .add(target.expiry_policy)
        .add(target.timeout_seconds)
        .add(target.dynamic)
        .add(target.dynamic_node_properties)
        .add(target.capabilities)
        .finish();
}

template <class T>
void add_composite(FieldWriter& writer, const std::optional<T>& value,
                   void (*write_it)(Bytes&, const T&)) {
    if (value) {
        writer.add_composite([&](Bytes& out) { write_it(out, *value); });
    } else {
        writer.null();
    }
}

void write_ending(Bytes& out, std::uint8_t descriptor, const std::optional<ErrorCondition>& error) {
    FieldWriter writer(out, descriptor);
    add_composite(writer, error, write_error);
    writer.finish();
}

}  // namespace

void write(Bytes& out, const Open& open) {
    FieldWriter(out, descriptor::open)
        .add(open.container_id)
        .add(open.hostname)
        .add(open.max_frame_size)
        .add(open.channel_max)
        .add(open.idle_time_out_ms)
        .add(open.outgoing_locales)
        .add(open.incoming_locales)
        .add(open.offered_capabilities)
        .add(open.desired_capabilities)
        .add(open.properties)
        .finish();
}

void write(Bytes& out, const Begin& begin) {
    FieldWriter(out, descriptor::begin)
        .add(begin.remote_channel)
        .add(begin.next_outgoing_id)
        .add(begin.incoming_window)
        .add(begin.outgoing_window)
        .add(begin.handle_max)
        .add(begin.offered_capabilities)
        .add(begin.desired_capabilities)
        .add(begin.properties)
        .finish();
}

void write(Bytes& out, const Attach& attach) {
    FieldWriter writer(out, descriptor::attach);
    writer.add(attach.name)
        .add(attach.handle)
        .add(attach.role == Role::receiver)
        .add(static_cast<std::uint8_t>(attach.sender_settle_mode))
        .add(static_cast<std::uint8_t>(attach.receiver_settle_mode));
    add_composite(writer, attach.source, write_source);
    add_composite(writer, attach.target, write_target);
    writer.add(attach.unsettled)
        .add(attach.incomplete_unsettled)
        .add(attach.initial_delivery_count)
        .add(attach.max_message_size)
        .add(attach.offered_capabilities)
        .add(attach.desired_capabilities)
        .add_even_if_empty(attach.properties)
        .finish();
}

void write(Bytes& out, const Flow& flow) {
    FieldWriter(out, descriptor::flow)
        .add(flow.next_incoming_id)
        .add(flow.incoming_window)
        .add(flow.next_outgoing_id)
        .add(flow.outgoing_window)
        .add(flow.handle)
        .add(flow.delivery_count)
        .add(flow.link_credit)
        .add(flow.available)
        .add(flow.drain)
        .add(flow.echo)
        .null()  // properties
        .finish();
}

void write(Bytes& out, const Transfer& transfer) {
    FieldWriter(out, descriptor::transfer)
        .add(transfer.handle)
        .add(transfer.delivery_id)
        .add(transfer.delivery_tag)
        .add(transfer.message_format)
        .add(transfer.settled)
        .add(transfer.more)
        .null()  // rcv-settle-mode: the link's
        .null()  // state
        .add(transfer.resume)
        .add(transfer.aborted)
        .add(false)  // batchable
        .finish();
}

void write(Bytes& out, const Disposition& disposition) {
    FieldWriter writer(out, descriptor::disposition);
    writer.add(disposition.role == Role::receiver)
        .add(disposition.first)
        .add(disposition.last)
        .add(disposition.settled);
    add_composite(writer, disposition.state, write_delivery_state);
    writer.add(false).finish();  // batchable
}

void write(Bytes& out, const Detach& detach) {
    FieldWriter writer(out, descriptor::detach);
    writer.add(detach.handle).add(detach.closed);
    add_composite(writer, detach.error, write_error);
    writer.finish();
}

void write(Bytes& out, const End& end) {
    write_ending(out, descriptor::end, end.error);
}

void write(Bytes& out, const Close& close) {
    write_ending(out, descriptor::close, close.error);
}

void write(Bytes& out, const SaslMechanisms& mechanisms) {
    FieldWriter(out, descriptor::sasl_mechanisms).add(mechanisms.mechanisms).finish();
}

void write(Bytes& out, const SaslInit& init) {
    FieldWriter(out, descriptor::sasl_init)
        .add(Symbol{init.mechanism})
        .add(init.initial_response)
        .add(init.hostname)
        .finish();
}

void write(Bytes& out, const SaslChallenge& challenge) {
    FieldWriter(out, descriptor::sasl_challenge).add(challenge.challenge).finish();
}

void write(Bytes& out, const SaslResponse& response) {
    FieldWriter(out, descriptor::sasl_response).add(response.response).finish();
}

void write(Bytes& out, const SaslOutcome& outcome) {
    FieldWriter(out, descriptor::sasl_outcome)
        .add(static_cast<std::uint8_t>(outcome.code))
        .add(outcome.additional_data)
        .finish();
}

}  // namespace restante::amqp
