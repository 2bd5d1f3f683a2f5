#include "store/rocksdb/torn_write.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <optional>

namespace restante::store {
namespace {

// RocksDB's log format: blocks of this size, in which fragments of records stand. A fragment is a
// masked CRC-32C of what follows the length, a length, a type and the bytes. What is too small for
// a header at the end of a block stays empty.
constexpr std::size_t block_bytes = 32768;
constexpr std::size_t header_bytes = 7;
constexpr std::uint32_t mask_added = 0xA282EAD8;
constexpr int mask_rotated_right = 15;

/// What a disk writes as a whole, at the least.
constexpr std::size_t sector_bytes = 512;

enum class Type : std::uint8_t { full = 1, first = 2, middle = 3, last = 4 };

bool begins(Type type) {
    return type == Type::full || type == Type::first;
}
bool ends(Type type) {
    return type == Type::full || type == Type::last;
}

struct Fragment {
    Type type;
    std::size_t end;
    bool whole;
};

/// Of CRC-32C, for one byte each; the polynomial's bits are in reverse.
constexpr auto crc_table = [] {
    constexpr std::uint32_t polynomial = 0x82F63B78;
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) crc = crc >> 1U ^ ((crc & 1U) != 0 ? polynomial : 0);
        table[byte] = crc;
    }
    return table;
}();

std::uint32_t masked_crc(BytesView bytes) {
    std::uint32_t crc = ~std::uint32_t{0};
    for (const auto byte : bytes) crc = crc >> 8U ^ crc_table[(crc ^ byte) & 0xFFU];
    return std::rotr(~crc, mask_rotated_right) + mask_added;
}

std::uint32_t byte_at(BytesView log, std::size_t at) {
    return log[at];
}

/// What the header there says; nothing if no fragment of its block can have it.
std::optional<Fragment> fragment_at(BytesView log, std::size_t at) {
    const auto block_end = std::min((at / block_bytes + 1) * block_bytes, log.size());
    if (block_end - at < header_bytes) return std::nullopt;
    const auto type = byte_at(log, at + 6);
    const auto end = at + header_bytes + (byte_at(log, at + 4) | byte_at(log, at + 5) << 8U);
    if (type < 1 || type > 4 || end > block_end) return std::nullopt;
    const auto crc = byte_at(log, at) | byte_at(log, at + 1) << 8U | byte_at(log, at + 2) << 16U |
                     byte_at(log, at + 3) << 24U;
    return Fragment{.type = static_cast<Type>(type),
                    .end = end,
                    .whole = masked_crc(log.subspan(at + 6, end - at - 6)) == crc};
}

/// Behind the last byte that is not zero: there stand zeros put ahead, and those that the last
/// record itself ends with.
std::size_t end_of_writing(BytesView log) {
    const auto last = std::ranges::find_if(log.rbegin(), log.rend(), [](auto b) { return b != 0; });
    return static_cast<std::size_t>(log.rend() - last);
}

/// Whether a record was written behind the one that is damaged there. The rest of the damaged one
/// may be whole, and even its header, which then says where it ends; not if it stands in two
/// sectors, of which one may be missing.
bool is_followed(BytesView log, std::size_t damage, std::size_t written) {
    const auto damaged = fragment_at(log, damage);
    const bool in_one_sector = damage / sector_bytes == (damage + header_bytes - 1) / sector_bytes;
    if (in_one_sector && damaged && ends(damaged->type) && damaged->end < written) return true;
    for (std::size_t at = damage; at < written; ++at) {
        const auto fragment = fragment_at(log, at);
        if (fragment && begins(fragment->type) && fragment->whole) return true;
    }
    return false;
}

}  // namespace

std::optional<LogEnd> end_of(BytesView log) {
    const auto written = end_of_writing(log);
    std::size_t record = 0;
    std::size_t at = 0;
    bool inside = false;
    while (at < written) {
        const auto left = block_bytes - at % block_bytes;
        if (left < header_bytes) {
            at += left;
            continue;
        }
        const auto fragment = fragment_at(log, at);
        if (!inside) record = at;
        if (!fragment || !fragment->whole) {
            if (is_followed(log, at, written)) return std::nullopt;
            return LogEnd{.bytes = record, .torn = true};
        }
        if (begins(fragment->type) == inside) return std::nullopt;
        inside = !ends(fragment->type);
        at = fragment->end;
    }
    return LogEnd{.bytes = inside ? record : std::min(at, log.size()), .torn = inside};
}

}  // namespace restante::store
