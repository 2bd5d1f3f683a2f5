#include "store/rocksdb/rocksdb_options.hpp"

#include "store/rocksdb/log_files.hpp"
#include "store/store_engine.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/table_properties_collectors.h>

#include <algorithm>
#include <cstdarg>
#include <cstddef>
#include <memory>
#include <string>

namespace restante::store {
namespace {

constexpr std::size_t kibibyte = 1024;
constexpr std::size_t mebibyte = 1024 * kibibyte;

/// Records not yet in table files, of all tables together.
constexpr std::size_t write_buffers_bytes_max = 16 * mebibyte;

/// Blocks, indexes and filters kept for reading. A message is usually read soon after it came,
/// from the write buffers; this serves the ones that waited.
constexpr std::size_t block_cache_bytes = 32 * mebibyte;

/// Log to be read at the next start. Without this bound a table that rarely changes would keep
/// every log since its last change.
constexpr std::size_t log_bytes_max = 32 * mebibyte;

/// Open table files. The process needs its descriptors for connections.
constexpr int open_files_max = 128;

/// A new table file goes to the disk piece by piece: a commit that comes while it is synced as a
/// whole waits behind it. Of 512 sends in flight the slowest thousandth took 16 ms instead of 50.
constexpr std::size_t sync_bytes = 256 * kibibyte;

constexpr int bloom_bits_per_key = 10;

/// A table file is compacted early when half of any run of this many records are deletions.
constexpr std::size_t deletion_window_records = 1024;
constexpr std::size_t deletion_trigger_records = 512;

class NoInfoLog final : public rocksdb::Logger {
  public:
    using rocksdb::Logger::Logv;
    void Logv(const char* /*format*/, std::va_list /*arguments*/) override {}
};

rocksdb::CompressionType compression() {
    const auto supported = rocksdb::GetSupportedCompressions();
    const bool lz4 = std::ranges::find(supported, rocksdb::kLZ4Compression) != supported.end();
    return lz4 ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
}

/// The engine has one commit under way at a time, and each is synced before it is acknowledged.
/// So a crash leaves at most one incomplete record, the last, and nobody was told of it: that one
/// may be dropped, holes and all (torn_write.hpp). Any other damage in a log lies in what was
/// acknowledged, and then the hub must not start as if nothing were missing, which is what
/// kPointInTimeRecovery would do: it takes the damage for the end.
///
/// This mode excludes recycling of log files. track_and_verify_wals_in_manifest, which would also
/// notice a log file that is gone, raises false alarms before RocksDB 7.9 (facebook/rocksdb#10892).
constexpr auto log_recovery = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;

rocksdb::ColumnFamilyOptions table_options() {
    rocksdb::BlockBasedTableOptions blocks;
    blocks.block_cache = rocksdb::NewLRUCache(block_cache_bytes);
    blocks.cache_index_and_filter_blocks = true;
    blocks.pin_l0_filter_and_index_blocks_in_cache = true;
    blocks.filter_policy.reset(rocksdb::NewBloomFilterPolicy(bloom_bits_per_key));
    rocksdb::ColumnFamilyOptions options;
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(blocks));
    options.compression = compression();
    options.write_buffer_size = write_buffers_bytes_max / 2;
    options.arena_block_size = 64 * kibibyte;
    options.target_file_size_base = 16 * mebibyte;
    options.max_bytes_for_level_base = 64 * mebibyte;
    // Reads each new file back while the log still holds what is in it.
    options.paranoid_file_checks = true;
    options.force_consistency_checks = true;
    return options;
}

}  // namespace

rocksdb::DBOptions owner_options() {
    rocksdb::DBOptions options;
    options.create_if_missing = true;
    options.create_missing_column_families = true;
    options.env = env_for_logs();
    options.wal_recovery_mode = log_recovery;
    options.paranoid_checks = true;
    // What could not be written is for the hub to notice, not for a retry in the background.
    options.max_bgerror_resume_count = 0;
    options.db_write_buffer_size = write_buffers_bytes_max;
    options.max_total_wal_size = log_bytes_max;
    options.max_open_files = open_files_max;
    options.max_background_jobs = 2;
    options.bytes_per_sync = sync_bytes;
    options.stats_dump_period_sec = 0;
    options.stats_persist_period_sec = 0;
    // Its LOG file would be one more thing to write on a full disk, where Debian's build aborts the
    // process at the second line that does not fit. What matters comes back as a status.
    options.info_log = std::make_shared<NoInfoLog>();
    return options;
}

rocksdb::DBOptions reader_options() {
    rocksdb::DBOptions options;
    options.env = env_for_logs();
    options.wal_recovery_mode = log_recovery;
    options.max_open_files = open_files_max;
    // By default even a reader starts a LOG, and moves the owner's out of its way.
    options.info_log = std::make_shared<NoInfoLog>();
    return options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> column_families() {
    const auto plain = table_options();
    auto churning = plain;
    churning.table_properties_collector_factories.push_back(
        rocksdb::NewCompactOnDeletionCollectorFactory(deletion_window_records,
                                                      deletion_trigger_records));
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const Table table : tables) {
        const bool churns = table == Table::queue || table == Table::messages;
        families.emplace_back(std::string(to_string(table)), churns ? churning : plain);
    }
    families.emplace_back(rocksdb::kDefaultColumnFamilyName, plain);
    return families;
}

}  // namespace restante::store
