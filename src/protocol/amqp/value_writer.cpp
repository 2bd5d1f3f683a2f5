#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>

#include "base/assert.hpp"
#include "protocol/amqp/encoding_codes.hpp"
#include "protocol/amqp/value_codec.hpp"

namespace restante::amqp {
namespace {

/// The constructor of each alternative of ValueStorage, in its order: the form that fits all values
/// of the type.
constexpr std::array wide_codes = {
    code::null,     code::boolean,   code::ubyte,     code::ushort,    code::uint,
    code::ulong,    code::byte,      code::short_,    code::int_,      code::long_,
    code::float_,   code::double_,   code::decimal32, code::decimal64, code::decimal128,
    code::char_,    code::timestamp, code::uuid,      code::binary32,  code::string32,
    code::symbol32, code::list32,    code::map32,     code::array32,   code::described};
static_assert(wide_codes.size() == std::variant_size_v<ValueStorage>);

/// The encoding an element of an array gets: the same for every value of its type.
std::uint8_t wide_code(const Value& value) {
    return wide_codes[value.storage().index()];
}

/// The bytes of what has a length, if `value` has one.
std::optional<BytesView> run_of(const Value& value) {
    if (const auto* bytes = value.get_if<Bytes>()) return *bytes;
    if (const auto text = value.text()) return as_bytes(*text);
    return std::nullopt;
}

constexpr std::uint8_t narrow_bit = 0x10;  // 0xb1 is 0xa1's wide form, and so for all three

std::uint8_t shortest_code(const Value& value) {
    const std::uint8_t wide = wide_code(value);
    if (const auto run = run_of(value)) {
        return run->size() <= 0xff ? static_cast<std::uint8_t>(wide - narrow_bit) : wide;
    }
    const auto small = [&](std::int64_t low, std::int64_t high) {
        const auto integer = value.integer();
        return integer && *integer >= low && *integer <= high;
    };
    switch (wide) {
        case code::boolean:
            return *value.get_if<bool>() ? code::boolean_true : code::boolean_false;
        case code::uint:
            return small(0, 0) ? code::uint_zero : small(0, 255) ? code::uint_small : wide;
        case code::ulong:
            return small(0, 0) ? code::ulong_zero : small(0, 255) ? code::ulong_small : wide;
        case code::int_:
            return small(-128, 127) ? code::int_small : wide;
        case code::long_:
            return small(-128, 127) ? code::long_small : wide;
        default:
            return wide;
    }
}

/// Writes what follows the constructor `encoding`.
struct ContentWriter {
    Bytes& out;
    std::uint8_t encoding;

    void operator()(std::monostate) const {}
    void operator()(bool value) const {
        if (encoding == code::boolean) out.push_back(value ? 1 : 0);
    }
    template <std::integral T>
    void operator()(T value) const {
        const bool one_byte = encoding == code::uint_small || encoding == code::ulong_small ||
                              encoding == code::int_small || encoding == code::long_small;
        if (code::is_zero_width(encoding)) return;
        if (one_byte) {
            out.push_back(static_cast<std::uint8_t>(value));
        } else {
            ByteWriter(out).number(static_cast<std::make_unsigned_t<T>>(value));
        }
    }
    void operator()(float value) const { ByteWriter(out).u32(std::bit_cast<std::uint32_t>(value)); }
    void operator()(double value) const {
        ByteWriter(out).u64(std::bit_cast<std::uint64_t>(value));
    }
    template <std::size_t width>
    void operator()(const Decimal<width>& value) const {
        append(out, BytesView(value.bytes));
    }
    void operator()(Char value) const { ByteWriter(out).u32(value.code_point); }
    void operator()(WallTime value) const {
        ByteWriter(out).u64(static_cast<std::uint64_t>(value.time_since_epoch().count()));
    }
    void operator()(const Uuid& value) const { append(out, BytesView(value.bytes)); }
    void operator()(const Bytes& value) const { run(value); }
    void operator()(const std::string& value) const { run(as_bytes(value)); }
    void operator()(const Symbol& value) const { run(as_bytes(value.text)); }
    void operator()(const List& value) const;
    void operator()(const Map& value) const;
    void operator()(const Array& value) const;
    void operator()(const Described&) const {}

  private:
    void run(BytesView bytes) const {
        RESTANTE_ASSERT(bytes.size() <= std::numeric_limits<std::uint32_t>::max());
        if (code::is_wide(encoding)) {
            ByteWriter(out).u32(static_cast<std::uint32_t>(bytes.size()));
        } else {
            out.push_back(static_cast<std::uint8_t>(bytes.size()));
        }
        append(out, bytes);
    }
};

std::size_t write_items(Bytes& out, const List& list) {
    for (const Value& item : list.items) write_value(out, item);
    return list.items.size();
}

std::size_t write_items(Bytes& out, const Map& map) {
    for (const MapEntry& entry : map.entries) {
        write_value(out, entry.key);
        write_value(out, entry.value);
    }
    return 2 * map.entries.size();
}

const Value& undescribed(const Value& value) {
    const auto* described = value.get_if<Described>();
    return described != nullptr ? undescribed(described->value()) : value;
}

/// Whether both may stand in one array: the same descriptors around the same type.
bool is_same_type(const Value& a, const Value& b) {
    const auto* x = a.get_if<Described>();
    const auto* y = b.get_if<Described>();
    if (x == nullptr || y == nullptr) return wide_code(a) == wide_code(b);
    return x->descriptor() == y->descriptor() && is_same_type(x->value(), y->value());
}

/// The narrow form of strings, symbols and binaries when all are short.
std::uint8_t element_code(const Array& array) {
    const std::uint8_t wide = wide_code(undescribed(array.elements.front()));
    // What has no bytes may not be an element when read, so it must not be one when written.
    RESTANTE_ASSERT(!code::is_zero_width(wide));
    const bool narrow = std::ranges::all_of(array.elements, [](const Value& element) {
        const auto run = run_of(undescribed(element));
        return run && run->size() <= 0xff;
    });
    return narrow ? static_cast<std::uint8_t>(wide - narrow_bit) : wide;
}

std::size_t write_items(Bytes& out, const Array& array) {
    if (array.elements.empty()) {
        out.push_back(code::null);
        return 0;
    }
    const Value* descriptors = &array.elements.front();
    while (const auto* described = descriptors->get_if<Described>()) {
        out.push_back(code::described);
        write_value(out, described->descriptor());
        descriptors = &described->value();
    }
    const std::uint8_t encoding = element_code(array);
    out.push_back(encoding);
    for (const Value& element : array.elements) {
        RESTANTE_ASSERT(is_same_type(element, array.elements.front()));
        std::visit(ContentWriter{out, encoding}, undescribed(element).storage());
    }
    return array.elements.size();
}

/// Size and count of four bytes each, then the items: what an array's compound elements look like.
template <class Compound>
void write_wide_content(Bytes& out, const Compound& compound) {
    const std::size_t start = out.size();
    ByteWriter writer(out);
    writer.u64(0);
    const std::size_t count = write_items(out, compound);
    writer.patch_u32(start, static_cast<std::uint32_t>(out.size() - start - 4));
    writer.patch_u32(start + 4, static_cast<std::uint32_t>(count));
}

void ContentWriter::operator()(const List& value) const {
    write_wide_content(out, value);
}
void ContentWriter::operator()(const Map& value) const {
    write_wide_content(out, value);
}
void ContentWriter::operator()(const Array& value) const {
    write_wide_content(out, value);
}

template <class Compound>
void write_compound(Bytes& out, CompoundWriter::Kind kind, const Compound& compound) {
    CompoundWriter writer(out, kind);
    writer.finish(write_items(out, compound));
}

}  // namespace

void write_value(Bytes& out, const Value& value) {
    if (const auto* described = value.get_if<Described>()) {
        out.push_back(code::described);
        write_value(out, described->descriptor());
        write_value(out, described->value());
    } else if (const auto* list = value.get_if<List>()) {
        write_compound(out, CompoundWriter::Kind::list, *list);
    } else if (const auto* map = value.get_if<Map>()) {
        write_map(out, *map);
    } else if (const auto* array = value.get_if<Array>()) {
        write_compound(out, CompoundWriter::Kind::array, *array);
    } else {
        const std::uint8_t encoding = shortest_code(value);
        out.push_back(encoding);
        std::visit(ContentWriter{out, encoding}, value.storage());
    }
}

void write_map(Bytes& out, const Map& map) {
    write_compound(out, CompoundWriter::Kind::map, map);
}

Bytes encode_value(const Value& value) {
    Bytes out;
    write_value(out, value);
    return out;
}

constexpr std::size_t wide_header_bytes = 9;    // constructor, size, count
constexpr std::size_t narrow_header_bytes = 3;  // the same, one byte each

CompoundWriter::CompoundWriter(Bytes& out, Kind kind) : out_(out), kind_(kind), start_(out.size()) {
    out.resize(out.size() + wide_header_bytes);
}

void CompoundWriter::finish(std::size_t count) {
    const std::size_t items = out_.size() - start_ - wide_header_bytes;
    RESTANTE_ASSERT(items <= std::numeric_limits<std::uint32_t>::max() - 4);
    const std::uint8_t encoding = kind_ == Kind::list  ? code::list32
                                  : kind_ == Kind::map ? code::map32
                                                       : code::array32;
    if (items + 1 <= 0xff && count <= 0xff) {
        out_[start_] = static_cast<std::uint8_t>(encoding - narrow_bit);
        out_[start_ + 1] = static_cast<std::uint8_t>(items + 1);
        out_[start_ + 2] = static_cast<std::uint8_t>(count);
        std::memmove(&out_[start_ + narrow_header_bytes], &out_[start_] + wide_header_bytes, items);
        out_.resize(start_ + narrow_header_bytes + items);
        return;
    }
    out_[start_] = encoding;
    ByteWriter writer(out_);
    writer.patch_u32(start_ + 1, static_cast<std::uint32_t>(items + 4));
    writer.patch_u32(start_ + 5, static_cast<std::uint32_t>(count));
}

}  // namespace restante::amqp
