#include "protocol/amqp/delivery_state_codec.hpp"

#include "protocol/amqp/composite.hpp"
#include "protocol/amqp/descriptor.hpp"

namespace restante::amqp {
namespace {

struct StateWriter {
    Bytes& out;

    void operator()(const Accepted&) const { FieldWriter(out, descriptor::accepted).finish(); }
    void operator()(const Released&) const { FieldWriter(out, descriptor::released).finish(); }
    void operator()(const Rejected& state) const {
        FieldWriter writer(out, descriptor::rejected);
        if (state.error) {
            writer.add_composite([&](Bytes& field) { write_error(field, *state.error); });
        } else {
            writer.null();
        }
        writer.finish();
    }
    void operator()(const Modified& state) const {
        FieldWriter(out, descriptor::modified)
            .add(state.delivery_failed)
            .add(state.undeliverable_here)
            .add(state.message_annotations)
            .finish();
    }
    void operator()(const Received& state) const {
        FieldWriter(out, descriptor::received)
            .add(state.section_number)
            .add(state.section_offset)
            .finish();
    }
};

}  // namespace

void write_error(Bytes& out, const ErrorCondition& error) {
    FieldWriter(out, descriptor::error)
        .add(Symbol{error.condition})
        .add(error.description)
        .add(error.info)
        .finish();
}

std::optional<ErrorCondition> read_error(ByteReader& in) {
    if (read_descriptor(in) != descriptor::error) in.fail();
    FieldReader fields(in, 3);
    ErrorCondition error;
    error.condition = fields.required<Symbol>().text;
    error.description = fields.value_or<std::string>({});
    error.info = fields.value_or<Map>({});
    if (!fields.finish()) return std::nullopt;
    return error;
}

void write_delivery_state(Bytes& out, const DeliveryState& state) {
    std::visit(StateWriter{out}, state);
}

std::optional<DeliveryState> read_delivery_state(ByteReader& in) {
    const auto descriptor = read_descriptor(in);
    if (!descriptor) return std::nullopt;
    if (*descriptor < descriptor::received || *descriptor > descriptor::modified) {
        if (!read_value(in)) in.fail();
        return std::nullopt;
    }
    FieldReader fields(in, 3);
    DeliveryState state;
    switch (*descriptor) {
        case descriptor::accepted:
            state = Accepted{};
            break;
        case descriptor::released:
            state = Released{};
            break;
        case descriptor::rejected:
            state = Rejected{.error = fields.composite<ErrorCondition>(read_error)};
            break;
        case descriptor::modified: {
            Modified modified;
            modified.delivery_failed = fields.value_or(false);
            modified.undeliverable_here = fields.value_or(false);
            modified.message_annotations = fields.value_or<Map>({});
            state = std::move(modified);
            break;
        }
        default: {
            Received received;
            received.section_number = fields.required<std::uint32_t>();
            received.section_offset = fields.required<std::uint64_t>();
            state = received;
            break;
        }
    }
    if (!fields.finish()) return std::nullopt;
    return state;
}

}  // namespace restante::amqp
