#include "store/rocksdb/torn_write.hpp"

#include <rocksdb/file_system.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>

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

/// Whether a record was written behind the one that is damaged there. The rest of the damaged one
/// may be whole, and even its header, which then says where it ends; not if it stands in two
/// sectors, of which one may be missing.
bool is_followed(BytesView log, std::size_t damage) {
    const auto damaged = fragment_at(log, damage);
    const bool in_one_sector = damage / sector_bytes == (damage + header_bytes - 1) / sector_bytes;
    if (in_one_sector && damaged && ends(damaged->type) && damaged->end < log.size()) return true;
    for (std::size_t at = damage; at < log.size(); ++at) {
        const auto fragment = fragment_at(log, at);
        if (fragment && begins(fragment->type) && fragment->whole) return true;
    }
    return false;
}

std::uint64_t number_of(const std::filesystem::path& log) {
    const std::string name = log.stem().string();
    std::uint64_t number = 0;
    std::from_chars(name.data(), name.data() + name.size(), number);
    return number;
}

/// A start that was cut short may have made an empty one behind it.
bool is_last_log(const std::filesystem::path& log) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(log.parent_path(), error)) {
        if (entry.path().extension() == ".log" && number_of(entry.path()) > number_of(log) &&
            entry.file_size(error) > 0) {
            return false;
        }
    }
    return !error;
}

class Beginning final : public rocksdb::FSSequentialFileOwnerWrapper {
  public:
    Beginning(std::unique_ptr<rocksdb::FSSequentialFile> file, std::size_t bytes)
        : FSSequentialFileOwnerWrapper(std::move(file)), left_(bytes) {}

    rocksdb::IOStatus Read(std::size_t size, const rocksdb::IOOptions& options,
                           rocksdb::Slice* result, char* scratch,
                           rocksdb::IODebugContext* debug) override {
        auto status = FSSequentialFileOwnerWrapper::Read(std::min(size, left_), options, result,
                                                         scratch, debug);
        if (status.ok()) left_ -= result->size();
        return status;
    }
    rocksdb::IOStatus Skip(std::uint64_t size) override {
        const auto skipped = std::min<std::uint64_t>(size, left_);
        left_ -= skipped;
        return FSSequentialFileOwnerWrapper::Skip(skipped);
    }

  private:
    std::size_t left_;
};

class FilesWithoutTornWrites final : public rocksdb::FileSystemWrapper {
  public:
    using FileSystemWrapper::FileSystemWrapper;

    const char* Name() const override { return "FilesWithoutTornWrites"; }

    rocksdb::IOStatus NewSequentialFile(const std::string& name,
                                        const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSSequentialFile>* result,
                                        rocksdb::IODebugContext* debug) override {
        auto status = FileSystemWrapper::NewSequentialFile(name, options, result, debug);
        if (!status.ok() || !name.ends_with(".log") || !is_last_log(name)) return status;
        std::ifstream file(name, std::ios::binary);
        const std::string log(std::istreambuf_iterator<char>(file), {});
        const auto counted = counted_bytes(as_bytes(log));
        if (file && counted < log.size()) {
            *result = std::make_unique<Beginning>(std::move(*result), counted);
        }
        return status;
    }
};

}  // namespace

std::size_t counted_bytes(BytesView log) {
    std::size_t record = 0;
    bool inside = false;
    for (std::size_t at = 0; at < log.size();) {
        const auto left = block_bytes - at % block_bytes;
        if (left < header_bytes) {
            at += left;
            continue;
        }
        const auto fragment = fragment_at(log, at);
        if (!inside) record = at;
        if (!fragment || !fragment->whole) return is_followed(log, at) ? log.size() : record;
        if (begins(fragment->type) == inside) return log.size();
        inside = !ends(fragment->type);
        at = fragment->end;
    }
    return log.size();
}

rocksdb::Env* env_without_torn_writes() {
    static auto* const env = rocksdb::NewCompositeEnv(std::make_shared<FilesWithoutTornWrites>(
                                                          rocksdb::FileSystem::Default()))
                                 .release();
    return env;
}

}  // namespace restante::store
