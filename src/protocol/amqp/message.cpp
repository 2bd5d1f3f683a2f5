#include "protocol/amqp/message.hpp"

#include "protocol/amqp/composite.hpp"
#include "protocol/amqp/descriptor.hpp"

namespace restante::amqp {
namespace {

bool is_message_id(const Value& id) {
    // integer() holds no ulong beyond what fits a long.
    return id.is_null() || id.text() || id.integer() || id.get_if<std::uint64_t>() ||
           id.get_if<Bytes>() || id.get_if<Uuid>();
}

std::optional<std::string> text_of(std::optional<Symbol> symbol) {
    if (!symbol) return std::nullopt;
    return std::move(symbol->text);
}

std::optional<Symbol> symbol_of(const std::optional<std::string>& text) {
    if (!text) return std::nullopt;
    return Symbol{*text};
}

Header read_header(ByteReader& in) {
    FieldReader fields(in, 5);
    Header header;
    header.durable = fields.value_or(header.durable);
    header.priority = fields.value_or(header.priority);
    header.ttl_ms = fields.optional<std::uint32_t>();
    header.first_acquirer = fields.value_or(header.first_acquirer);
    header.delivery_count = fields.value_or(header.delivery_count);
    fields.finish();
    return header;
}

Properties read_properties(ByteReader& in) {
    FieldReader fields(in, 13);
    Properties properties;
    properties.message_id = fields.value_or<Value>({});
    properties.user_id = fields.optional<Bytes>();
    properties.to = fields.optional<std::string>();
    properties.subject = fields.optional<std::string>();
    properties.reply_to = fields.optional<std::string>();
    properties.correlation_id = fields.value_or<Value>({});
    properties.content_type = text_of(fields.optional<Symbol>());
    properties.content_encoding = text_of(fields.optional<Symbol>());
    properties.absolute_expiry_time = fields.optional<WallTime>();
    properties.creation_time = fields.optional<WallTime>();
    properties.group_id = fields.optional<std::string>();
    properties.group_sequence = fields.optional<std::uint32_t>();
    properties.reply_to_group_id = fields.optional<std::string>();
    fields.finish();
    if (!is_message_id(properties.message_id) || !is_message_id(properties.correlation_id)) {
        in.fail();
    }
    return properties;
}

class MessageReader {
  public:
    explicit MessageReader(BytesView bytes) : in_(bytes) {}

    Result<Message> read() {
        while (in_.ok() && !in_.empty()) {
            const auto descriptor = read_descriptor(in_);
            if (descriptor) section(*descriptor);
        }
        if (!in_.ok()) return fail(ErrorCode::malformed, reason_);
        return std::move(message_);
    }

  private:
    void section(std::uint8_t descriptor) {
        switch (descriptor) {
            case descriptor::header:
                if (once(descriptor)) message_.header = read_header(in_);
                break;
            case descriptor::delivery_annotations:
                map(descriptor, message_.delivery_annotations);
                break;
            case descriptor::message_annotations:
                map(descriptor, message_.message_annotations);
                break;
            case descriptor::properties:
                if (once(descriptor)) message_.properties = read_properties(in_);
                break;
            case descriptor::application_properties:
                map(descriptor, message_.application_properties);
                break;
            case descriptor::data:
                if (body(message_.data.size(), message_.sequences.empty() && !message_.value))
                    data();
                break;
            case descriptor::sequence:
                if (body(message_.sequences.size(), message_.data.empty() && !message_.value)) {
                    sequence();
                }
                break;
            case descriptor::value:
                if (body(0, message_.data.empty() && message_.sequences.empty()) &&
                    once(descriptor)) {
                    message_.value = any();
                }
                break;
            case descriptor::footer:
                map(descriptor, message_.footer);
                break;
            default:
                fault("a message section of no known kind");
                break;
        }
    }

    void fault(const char* reason) {
        reason_ = reason;
        in_.fail();
    }
    bool once(std::uint8_t descriptor) {
        const auto bit = 1U << (descriptor - descriptor::header);
        if ((seen_ & bit) != 0) {
            fault("a message section that comes twice");
            return false;
        }
        seen_ |= bit;
        return true;
    }
    bool body(std::size_t sections, bool of_one_kind) {
        if (!of_one_kind) fault("a message whose body is of two kinds");
        if (sections >= body_sections_max) fault("a message of too many body sections");
        return in_.ok();
    }
    Value any() {
        auto value = read_value(in_);
        return value ? std::move(*value) : Value();
    }
    void map(std::uint8_t descriptor, Map& section) {
        if (!once(descriptor)) return;
        Value value = any();
        if (auto* read = value.get_if<Map>()) {
            section = std::move(*read);
        } else {
            in_.fail();
        }
    }
    void data() {
        BytesView bytes;
        switch (in_.u8()) {
            case code::binary8:
                bytes = in_.take(in_.u8());
                break;
            case code::binary32:
                bytes = in_.take(in_.u32());
                break;
            default:
                in_.fail();
                break;
        }
        message_.data.push_back(to_bytes(bytes));
    }
    void sequence() {
        Value value = any();
        if (auto* list = value.get_if<List>()) {
            message_.sequences.push_back(std::move(*list));
        } else {
            in_.fail();
        }
    }

    ByteReader in_;
    Message message_;
    unsigned seen_ = 0;  // a bit for each section that stands once
    const char* reason_ = "a message section that is truncated or of the wrong type";
};

void write_header(Bytes& out, const Header& header) {
    FieldWriter(out, descriptor::header)
        .add(header.durable)
        .add(header.priority)
        .add(header.ttl_ms)
        .add(header.first_acquirer)
        .add(header.delivery_count)
        .finish();
}

void write_properties(Bytes& out, const Properties& properties) {
    FieldWriter(out, descriptor::properties)
        .add(properties.message_id)
        .add(properties.user_id)
        .add(properties.to)
        .add(properties.subject)
        .add(properties.reply_to)
        .add(properties.correlation_id)
        .add(symbol_of(properties.content_type))
        .add(symbol_of(properties.content_encoding))
        .add(properties.absolute_expiry_time)
        .add(properties.creation_time)
        .add(properties.group_id)
        .add(properties.group_sequence)
        .add(properties.reply_to_group_id)
        .finish();
}

void write_map_section(Bytes& out, std::uint8_t descriptor, const Map& map) {
    if (map.empty()) return;
    write_descriptor(out, descriptor);
    write_map(out, map);
}

void write_data(Bytes& out, const Bytes& data) {
    write_descriptor(out, descriptor::data);
    if (data.size() <= 0xff) {
        out.push_back(code::binary8);
        out.push_back(static_cast<std::uint8_t>(data.size()));
    } else {
        out.push_back(code::binary32);
        ByteWriter(out).u32(static_cast<std::uint32_t>(data.size()));
    }
    append(out, BytesView(data));
}

}  // namespace

Result<Message> decode_message(BytesView bytes) {
    return MessageReader(bytes).read();
}

Bytes encode_message(const Message& message) {
    Bytes out;
    std::size_t body_bytes = 0;
    for (const Bytes& data : message.data) body_bytes += data.size();
    constexpr std::size_t sections_guess = 512;
    out.reserve(body_bytes + sections_guess);

    if (message.header) write_header(out, *message.header);
    write_map_section(out, descriptor::delivery_annotations, message.delivery_annotations);
    write_map_section(out, descriptor::message_annotations, message.message_annotations);
    if (message.properties) write_properties(out, *message.properties);
    write_map_section(out, descriptor::application_properties, message.application_properties);
    for (const Bytes& data : message.data) write_data(out, data);
    for (const List& sequence : message.sequences) {
        write_descriptor(out, descriptor::sequence);
        write_value(out, Value(sequence));
    }
    if (message.value) {
        write_descriptor(out, descriptor::value);
        write_value(out, *message.value);
    }
    write_map_section(out, descriptor::footer, message.footer);
    return out;
}

}  // namespace restante::amqp
