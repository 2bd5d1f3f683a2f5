#include "protocol/amqp/composite.hpp"

#include <limits>

#include "base/assert.hpp"
#include "base/text.hpp"

namespace restante::amqp {

void write_descriptor(Bytes& out, std::uint8_t descriptor) {
    const std::uint8_t bytes[] = {code::described, code::ulong_small, descriptor};
    append(out, BytesView(bytes));
}

std::optional<std::uint8_t> read_descriptor(ByteReader& in) {
    if (in.u8() != code::described) in.fail();
    std::uint64_t number = 0;
    switch (in.u8()) {
        case code::ulong_small:
            number = in.u8();
            break;
        case code::ulong:
            number = in.u64();
            break;
        default:
            in.fail();
            break;
    }
    if (!in.ok()) return std::nullopt;
    return number <= 0xff ? static_cast<std::uint8_t>(number) : std::uint8_t{0};
}

FieldWriter::FieldWriter(Bytes& out, std::uint8_t descriptor)
    : out_(out), list_((write_descriptor(out, descriptor), out), CompoundWriter::Kind::list) {}

void FieldWriter::put(std::uint8_t encoding) {
    ++count_;
    out_.push_back(encoding);
}

FieldWriter& FieldWriter::null() {
    put(code::null);
    return *this;
}

FieldWriter& FieldWriter::add(bool value) {
    put(value ? code::boolean_true : code::boolean_false);
    return *this;
}

FieldWriter& FieldWriter::add(std::uint8_t value) {
    put(code::ubyte);
    out_.push_back(value);
    return *this;
}

FieldWriter& FieldWriter::add(std::uint16_t value) {
    put(code::ushort);
    ByteWriter(out_).u16(value);
    return *this;
}

FieldWriter& FieldWriter::add(std::uint32_t value) {
    if (value == 0) {
        put(code::uint_zero);
    } else if (value <= 0xff) {
        put(code::uint_small);
        out_.push_back(static_cast<std::uint8_t>(value));
    } else {
        put(code::uint);
        ByteWriter(out_).u32(value);
    }
    return *this;
}

FieldWriter& FieldWriter::add(std::uint64_t value) {
    if (value == 0) {
        put(code::ulong_zero);
    } else if (value <= 0xff) {
        put(code::ulong_small);
        out_.push_back(static_cast<std::uint8_t>(value));
    } else {
        put(code::ulong);
        ByteWriter(out_).u64(value);
    }
    return *this;
}

void FieldWriter::run(std::uint8_t narrow, std::uint8_t wide, BytesView bytes) {
    if (bytes.size() <= 0xff) {
        put(narrow);
        out_.push_back(static_cast<std::uint8_t>(bytes.size()));
    } else {
        RESTANTE_ASSERT(bytes.size() <= std::numeric_limits<std::uint32_t>::max());
        put(wide);
        ByteWriter(out_).u32(static_cast<std::uint32_t>(bytes.size()));
    }
    append(out_, bytes);
}

FieldWriter& FieldWriter::add(const std::string& value) {
    run(code::string8, code::string32, as_bytes(value));
    return *this;
}

FieldWriter& FieldWriter::add(const Symbol& value) {
    run(code::symbol8, code::symbol32, as_bytes(value.text));
    return *this;
}

FieldWriter& FieldWriter::add(BytesView value) {
    run(code::binary8, code::binary32, value);
    return *this;
}

FieldWriter& FieldWriter::add(WallTime value) {
    put(code::timestamp);
    ByteWriter(out_).u64(static_cast<std::uint64_t>(value.time_since_epoch().count()));
    return *this;
}

FieldWriter& FieldWriter::add(const Value& value) {
    ++count_;
    write_value(out_, value);
    return *this;
}

FieldWriter& FieldWriter::add(const std::vector<Symbol>& value) {
    if (value.empty()) return null();
    Array array;
    array.elements.assign(value.begin(), value.end());
    return add(Value(std::move(array)));
}

FieldWriter& FieldWriter::add(const Map& value) {
    return value.empty() ? null() : add_even_if_empty(value);
}

FieldWriter& FieldWriter::add_even_if_empty(const Map& value) {
    ++count_;
    write_map(out_, value);
    return *this;
}

FieldReader::FieldReader(ByteReader& in, std::size_t fields_max) : in_(in), fields_({}) {
    const std::uint8_t encoding = in.u8();
    switch (encoding) {
        case code::list0:
            break;
        case code::list8:
            fields_ = ByteReader(in.take(in.u8()));
            left_ = fields_.u8();
            break;
        case code::list32:
            fields_ = ByteReader(in.take(in.u32()));
            left_ = fields_.u32();
            break;
        default:
            in.fail();
            break;
    }
    if (left_ > fields_max || !in.ok()) fields_.fail();
}

bool FieldReader::finish() {
    if (left_ != 0 || !fields_.empty()) fields_.fail();
    if (!fields_.ok()) in_.fail();
    return fields_.ok();
}

bool FieldReader::present() {
    if (left_ == 0 || !fields_.ok()) return false;
    --left_;
    if (fields_.peek() != code::null) return fields_.ok();
    fields_.u8();
    return false;
}

void FieldReader::read(bool& value) {
    switch (fields_.u8()) {
        case code::boolean_true:
            value = true;
            break;
        case code::boolean_false:
            value = false;
            break;
        case code::boolean: {
            const std::uint8_t byte = fields_.u8();
            if (byte > 1) fields_.fail();
            value = byte == 1;
            break;
        }
        default:
            fields_.fail();
            break;
    }
}

void FieldReader::read(std::uint8_t& value) {
    if (fields_.u8() != code::ubyte) fields_.fail();
    value = fields_.u8();
}

void FieldReader::read(std::uint16_t& value) {
    if (fields_.u8() != code::ushort) fields_.fail();
    value = fields_.u16();
}

void FieldReader::read(std::uint32_t& value) {
    switch (fields_.u8()) {
        case code::uint_zero:
            value = 0;
            break;
        case code::uint_small:
            value = fields_.u8();
            break;
        case code::uint:
            value = fields_.u32();
            break;
        default:
            fields_.fail();
            break;
    }
}

void FieldReader::read(std::uint64_t& value) {
    switch (fields_.u8()) {
        case code::ulong_zero:
            value = 0;
            break;
        case code::ulong_small:
            value = fields_.u8();
            break;
        case code::ulong:
            value = fields_.u64();
            break;
        default:
            fields_.fail();
            break;
    }
}

// A string where a symbol belongs, and the other way round, is read alike: Python's clients let the
// application choose, and nothing is lost by it.
void FieldReader::read(std::string& value) {
    BytesView bytes;
    switch (fields_.u8()) {
        case code::string8:
        case code::symbol8:
            bytes = fields_.take(fields_.u8());
            break;
        case code::string32:
        case code::symbol32:
            bytes = fields_.take(fields_.u32());
            break;
        default:
            fields_.fail();
            break;
    }
    if (!is_utf8(as_text(bytes))) fields_.fail();
    value = as_text(bytes);
}

void FieldReader::read(Symbol& value) {
    read(value.text);
    for (const char c : value.text) {
        if (static_cast<unsigned char>(c) > 0x7f) fields_.fail();
    }
}

void FieldReader::read(BytesView& value) {
    switch (fields_.u8()) {
        case code::binary8:
            value = fields_.take(fields_.u8());
            break;
        case code::binary32:
            value = fields_.take(fields_.u32());
            break;
        default:
            fields_.fail();
            break;
    }
}

void FieldReader::read(Bytes& value) {
    BytesView bytes;
    read(bytes);
    value = to_bytes(bytes);
}

void FieldReader::read(WallTime& value) {
    if (fields_.u8() != code::timestamp) fields_.fail();
    value = WallTime(Milliseconds(static_cast<std::int64_t>(fields_.u64())));
}

void FieldReader::read(Value& value) {
    auto any = read_value(fields_);
    if (any) value = std::move(*any);
}

// AMQP 1.4.4, "multiple": one symbol may stand without its array.
void FieldReader::read(std::vector<Symbol>& value) {
    Value any;
    read(any);
    if (auto* symbol = any.get_if<Symbol>()) {
        value.push_back(std::move(*symbol));
    } else if (auto* array = any.get_if<Array>()) {
        for (Value& element : array->elements) {
            auto* one = element.get_if<Symbol>();
            if (one == nullptr) return fields_.fail();
            value.push_back(std::move(*one));
        }
    } else {
        fields_.fail();
    }
}

void FieldReader::read(Map& value) {
    Value any;
    read(any);
    if (auto* map = any.get_if<Map>()) {
        value = std::move(*map);
    } else {
        fields_.fail();
    }
}

}  // namespace restante::amqp
