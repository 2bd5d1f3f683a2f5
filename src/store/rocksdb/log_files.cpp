#include "store/rocksdb/log_files.hpp"

#include <rocksdb/file_system.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "store/rocksdb/torn_write.hpp"

namespace restante::store {
namespace {

/// Zeros that are put behind a record at a time.
constexpr std::size_t zeros_bytes = 512 * 1024;

/// Records up to this size get zeros. Above it the new length is a small part of what is synced,
/// and writing everything twice is not.
constexpr std::size_t small_bytes = 64 * 1024;

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

/// So many bytes of a file. A hub may write behind them meanwhile.
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

/// A log of which small records overwrite zeros.
class OverZeros final : public rocksdb::FSWritableFileOwnerWrapper {
  public:
    using FSWritableFileOwnerWrapper::FSWritableFileOwnerWrapper;

    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override {
        const auto end = end_ + data.size();
        if (end > zeros_end_ && data.size() <= small_bytes) put_zeros(end, options, debug);
        auto status = PositionedAppend(data, end_, options, debug);
        if (status.ok()) end_ = end;
        return status;
    }
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             const rocksdb::DataVerificationInfo& /*unused*/,
                             rocksdb::IODebugContext* debug) override {
        return Append(data, options, debug);
    }

  private:
    /// Before the record, because RocksDB's file, when it is closed, ends with its last write. If
    /// they have no room none are needed: the record tells whether it has some.
    void put_zeros(std::uint64_t at, const rocksdb::IOOptions& options,
                   rocksdb::IODebugContext* debug) {
        // Not const: a constant lies in the program's file and takes memory once it is read; pages
        // that nobody wrote take none.
        static std::array<char, zeros_bytes> zeros{};
        if (PositionedAppend({zeros.data(), zeros.size()}, at, options, debug).ok()) {
            zeros_end_ = at + zeros.size();
        } else {
            // Some may have been written, where the record needs the room.
            Truncate(end_, options, debug).PermitUncheckedError();
        }
    }

    std::uint64_t end_ = 0;
    std::uint64_t zeros_end_ = 0;
};

class LogFiles final : public rocksdb::FileSystemWrapper {
  public:
    using FileSystemWrapper::FileSystemWrapper;

    const char* Name() const override { return "LogFiles"; }

    rocksdb::IOStatus NewSequentialFile(const std::string& name,
                                        const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSSequentialFile>* result,
                                        rocksdb::IODebugContext* debug) override {
        auto status = FileSystemWrapper::NewSequentialFile(name, options, result, debug);
        if (!status.ok() || !name.ends_with(".log")) return status;
        std::string log;
        status = rocksdb::ReadFileToString(target(), name, &log);
        if (!status.ok()) return status;
        const auto end = end_of(as_bytes(log));
        // The next log was begun once this one's last record was synced.
        if (!end || (end->torn && !is_last_log(name))) {
            return rocksdb::IOStatus::Corruption("damage in front of the last record", name);
        }
        *result = std::make_unique<Beginning>(std::move(*result), end->bytes);
        return status;
    }

    rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* result,
                                      rocksdb::IODebugContext* debug) override {
        auto status = FileSystemWrapper::NewWritableFile(name, options, result, debug);
        if (status.ok() && name.ends_with(".log")) {
            *result = std::make_unique<OverZeros>(std::move(*result));
        }
        return status;
    }
};

}  // namespace

rocksdb::Env* env_for_logs() {
    static auto* const env =
        rocksdb::NewCompositeEnv(std::make_shared<LogFiles>(rocksdb::FileSystem::Default()))
            .release();
    return env;
}

}  // namespace restante::store
