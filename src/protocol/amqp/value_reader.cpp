#include <bit>
#include <cstring>

#include "base/text.hpp"
#include "protocol/amqp/encoding_codes.hpp"
#include "protocol/amqp/value_codec.hpp"

namespace restante::amqp {
namespace {

// Fails softly, as ByteReader does: a fault fails the reader it was found in, and every caller up
// to read_value() looks at its own reader's ok().
class ValueReader {
  public:
    Value value(ByteReader& in, int depth) {
        const std::uint8_t encoding = in.u8();
        if (!in.ok()) return {};
        if (encoding != code::described) return content(in, encoding, depth);
        if (!nest(in, depth) || !charge(in, 2)) return {};
        Value descriptor = value(in, depth + 1);
        Value described = value(in, depth + 1);
        return Described(std::move(descriptor), std::move(described));
    }

    const char* reason() const { return reason_; }

  private:
    Value content(ByteReader& in, std::uint8_t encoding, int depth);
    Value constant(ByteReader& in, std::uint8_t encoding);
    Value fixed(ByteReader& in, std::uint8_t encoding);
    Value variable(ByteReader& in, std::uint8_t encoding);
    Value compound(ByteReader& in, std::uint8_t encoding, int depth);
    Value list(ByteReader& body, std::size_t count, int depth);
    Value map(ByteReader& body, std::size_t count, int depth);
    Value array(ByteReader& body, std::size_t count, int depth);

    void fault(ByteReader& in, const char* reason) {
        reason_ = reason;
        in.fail();
    }
    bool nest(ByteReader& in, int depth) {
        if (depth < value_depth_max) return true;
        fault(in, "nested too deeply");
        return false;
    }
    /// Before memory is reserved: `count` values are to come.
    bool charge(ByteReader& in, std::size_t count) {
        if (count <= budget_) {
            budget_ -= count;
            return true;
        }
        fault(in, "too many values in one");
        return false;
    }

    std::size_t budget_ = value_count_max;
    const char* reason_ = "truncated";
};

template <class T>
T read_as(ByteReader& in) {
    if constexpr (sizeof(T) == 1) return std::bit_cast<T>(in.u8());
    if constexpr (sizeof(T) == 2) return std::bit_cast<T>(in.u16());
    if constexpr (sizeof(T) == 4) return std::bit_cast<T>(in.u32());
    if constexpr (sizeof(T) == 8) return std::bit_cast<T>(in.u64());
}

template <class T, std::size_t width>
T read_block(ByteReader& in) {
    T block;
    const BytesView bytes = in.take(width);
    if (!bytes.empty()) std::memcpy(block.bytes.data(), bytes.data(), width);
    return block;
}

bool is_ascii(std::string_view text) {
    for (const char c : text) {
        if (static_cast<unsigned char>(c) > 0x7f) return false;
    }
    return true;
}

/// The first half of a format code says how wide what follows is.
Value ValueReader::content(ByteReader& in, std::uint8_t encoding, int depth) {
    const int width = encoding >> 4;
    // An empty list is as deep in its shortest form as in those in which it is written again.
    if (encoding == code::list0 && !nest(in, depth)) return {};
    if (width == 0x4) return constant(in, encoding);
    if (width >= 0x5 && width <= 0x9) return fixed(in, encoding);
    if (width == 0xa || width == 0xb) return variable(in, encoding);
    if (width >= 0xc) return compound(in, encoding, depth);
    fault(in, "unknown type");
    return {};
}

Value ValueReader::constant(ByteReader& in, std::uint8_t encoding) {
    switch (encoding) {
        case code::null:
            return {};
        case code::boolean_true:
            return true;
        case code::boolean_false:
            return false;
        case code::uint_zero:
            return std::uint32_t{0};
        case code::ulong_zero:
            return std::uint64_t{0};
        case code::list0:
            return List{};
        default:
            fault(in, "unknown type");
            return {};
    }
}

Value ValueReader::fixed(ByteReader& in, std::uint8_t encoding) {
    switch (encoding) {
        case code::boolean: {
            const std::uint8_t byte = in.u8();
            if (byte > 1) fault(in, "a boolean that is neither 0 nor 1");
            return byte == 1;
        }
        case code::ubyte:
            return in.u8();
        case code::ushort:
            return in.u16();
        case code::uint:
            return in.u32();
        case code::uint_small:
            return std::uint32_t{in.u8()};
        case code::ulong:
            return in.u64();
        case code::ulong_small:
            return std::uint64_t{in.u8()};
        case code::byte:
            return read_as<std::int8_t>(in);
        case code::short_:
            return read_as<std::int16_t>(in);
        case code::int_:
            return read_as<std::int32_t>(in);
        case code::int_small:
            return std::int32_t{read_as<std::int8_t>(in)};
        case code::long_:
            return read_as<std::int64_t>(in);
        case code::long_small:
            return std::int64_t{read_as<std::int8_t>(in)};
        case code::float_:
            return read_as<float>(in);
        case code::double_:
            return read_as<double>(in);
        case code::decimal32:
            return read_block<Decimal<4>, 4>(in);
        case code::decimal64:
            return read_block<Decimal<8>, 8>(in);
        case code::decimal128:
            return read_block<Decimal<16>, 16>(in);
        case code::char_:
            return Char{in.u32()};
        case code::timestamp:
            return WallTime(Milliseconds(read_as<std::int64_t>(in)));
        case code::uuid:
            return read_block<Uuid, 16>(in);
        default:
            fault(in, "unknown type");
            return {};
    }
}

Value ValueReader::variable(ByteReader& in, std::uint8_t encoding) {
    const std::size_t length = code::is_wide(encoding) ? in.u32() : in.u8();
    const BytesView bytes = in.take(length);
    switch (encoding) {
        case code::binary8:
        case code::binary32:
            return to_bytes(bytes);
        case code::string8:
        case code::string32:
            if (!is_utf8(as_text(bytes))) fault(in, "a string that is not UTF-8");
            return to_text(bytes);
        case code::symbol8:
        case code::symbol32:
            if (!is_ascii(as_text(bytes))) fault(in, "a symbol that is not ASCII");
            return Symbol{to_text(bytes)};
        default:
            fault(in, "unknown type");
            return {};
    }
}

Value ValueReader::compound(ByteReader& in, std::uint8_t encoding, int depth) {
    const bool wide = code::is_wide(encoding);
    const std::size_t size = wide ? in.u32() : in.u8();
    ByteReader body(in.take(size));
    const std::size_t count = wide ? body.u32() : body.u8();
    if (!nest(body, depth)) {
        in.fail();
        return {};
    }
    Value read;
    switch (encoding) {
        case code::list8:
        case code::list32:
            read = list(body, count, depth + 1);
            break;
        case code::map8:
        case code::map32:
            read = map(body, count, depth + 1);
            break;
        case code::array8:
        case code::array32:
            read = array(body, count, depth + 1);
            break;
        default:
            fault(body, "unknown type");
            break;
    }
    if (body.ok() && !body.empty()) fault(body, "bytes left over in a list, map or array");
    if (!body.ok()) in.fail();
    return read;
}

Value ValueReader::list(ByteReader& body, std::size_t count, int depth) {
    List read;
    if (!charge(body, count)) return {};
    if (count > body.remaining()) body.fail();  // each item takes a byte at least
    if (!body.ok()) return {};
    read.items.reserve(count);
    for (std::size_t i = 0; i < count && body.ok(); ++i) {
        read.items.push_back(value(body, depth));
    }
    return read;
}

Value ValueReader::map(ByteReader& body, std::size_t count, int depth) {
    Map read;
    if (!charge(body, count)) return {};
    if (count > body.remaining()) body.fail();
    if (count % 2 != 0) fault(body, "a map with a key and no value");
    if (!body.ok()) return {};
    read.entries.reserve(count / 2);
    for (std::size_t i = 0; i < count && body.ok(); i += 2) {
        Value key = value(body, depth);
        Value mapped = value(body, depth);
        read.add(std::move(key), std::move(mapped));
    }
    return read;
}

/// What an array may describe its elements by: something small, since each gets a copy.
bool is_small_descriptor(const Value& descriptor) {
    const auto* symbol = descriptor.get_if<Symbol>();
    return descriptor.get_if<std::uint64_t>() != nullptr ||
           (symbol != nullptr && symbol->text.size() <= array_descriptor_bytes_max);
}

// Elements without bytes are refused, but for none at all: their count would cost the peer nothing.
Value ValueReader::array(ByteReader& body, std::size_t count, int depth) {
    Array read;
    if (count == 0) {
        body.take_rest();
        return read;
    }
    std::vector<Value> descriptors;
    std::uint8_t encoding = body.u8();
    while (body.ok() && encoding == code::described) {
        if (!nest(body, depth)) return {};
        descriptors.push_back(value(body, ++depth));
        if (!is_small_descriptor(descriptors.back())) fault(body, "an array's large descriptor");
        encoding = body.u8();
    }
    if (code::is_zero_width(encoding)) fault(body, "an array of elements without bytes");
    if (count > body.remaining()) body.fail();
    if (!body.ok() || !charge(body, count * (1 + 2 * descriptors.size()))) return {};
    read.elements.reserve(count);
    for (std::size_t i = 0; i < count && body.ok(); ++i) {
        Value element = content(body, encoding, depth);
        for (std::size_t d = descriptors.size(); d-- > 0;) {
            element = Described(descriptors[d], std::move(element));
        }
        read.elements.push_back(std::move(element));
    }
    return read;
}

}  // namespace

Result<Value> read_value(ByteReader& in) {
    ValueReader reader;
    Value value = reader.value(in, 0);
    if (!in.ok()) return fail(ErrorCode::malformed, std::string("value: ") + reader.reason());
    return value;
}

Result<Value> decode_value(BytesView bytes) {
    ByteReader in(bytes);
    auto value = read_value(in);
    if (value && !in.empty()) return fail(ErrorCode::malformed, "value: bytes left over");
    return value;
}

}  // namespace restante::amqp
