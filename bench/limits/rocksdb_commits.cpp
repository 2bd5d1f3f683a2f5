// RocksDB without the hub around it: the same records under the same keys, the same options, one
// synced write a batch.

#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <vector>

#include "base/random.hpp"
#include "commits.hpp"
#include "common/system.hpp"
#include "model/limits.hpp"
#include "store/keys.hpp"
#include "store/records.hpp"
#include "store/rocksdb/rocksdb_options.hpp"
#include "store/store_engine.hpp"

namespace restante::limits {
namespace {

using bench::Moment;
using bench::moment;
using store::Table;

/// Where the bodies are cut from. RocksDB compresses blocks far smaller than this, so that it finds
/// no body twice.
constexpr std::size_t noise_bytes = std::size_t{1} << 20;

void require(const rocksdb::Status& status, std::string_view what) {
    if (!status.ok()) throw std::runtime_error(fmt::format("{}: {}", what, status.ToString()));
}

rocksdb::Slice to_slice(BytesView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A database in a folder of its own, which goes with it.
class Database {
  public:
    explicit Database(const std::filesystem::path& within) {
        std::string name = (within / "limits-rocksdb-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) {
            bench::throw_errno("cannot make a folder in " + within.string());
        }
        folder_ = name;
        rocksdb::DB* opened = nullptr;
        const auto status = rocksdb::DB::Open(store::owner_options(), name,
                                              store::column_families(), &families_, &opened);
        db_.reset(opened);
        if (!status.ok()) remove();
        require(status, "cannot open " + name);
    }
    ~Database() {
        for (auto* family : families_) db_->DestroyColumnFamilyHandle(family);
        db_.reset();
        remove();
    }
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    rocksdb::ColumnFamilyHandle* family(Table table) const {
        return families_[static_cast<std::size_t>(table)];
    }
    void commit(rocksdb::WriteBatch& batch) {
        rocksdb::WriteOptions synced;
        synced.sync = true;
        require(db_->Write(synced, &batch), "cannot write to " + folder_.string());
    }

  private:
    void remove() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

    std::filesystem::path folder_;
    std::unique_ptr<rocksdb::DB> db_;
    std::vector<rocksdb::ColumnFamilyHandle*> families_;
};

/// The messages of an endless sender that serves the devices in turn.
class Messages {
  public:
    explicit Messages(const CommitPlan& plan)
        : plan_(plan), noise_(random_bytes(noise_bytes + plan.bytes)) {}

    /// As store::Store writes a core::PutMessage.
    void put_next(const Database& database, rocksdb::WriteBatch& batch) {
        const std::size_t device = 1 + count_ % plan_.queues;
        const model::SequenceNumber sequence{1 + count_ / plan_.queues};
        ++count_;
        const std::string name = fmt::format("device-{}", device);
        model::CloudToDeviceMessage message;
        message.message_id = fmt::format("{}-{}", name, sequence.value);
        message.to = fmt::format("/devices/{}/messages/devicebound", name);
        const std::size_t cut = count_ * plan_.bytes % noise_bytes;
        message.body = to_bytes(BytesView(noise_).subspan(cut, plan_.bytes));
        const model::QueuedMessage queued{.sequence = sequence,
                                          .enqueued_at = now_,
                                          .expires_at = now_ + model::limits::ttl_default};
        const Bytes key = store::message_key(model::DeviceId::parse(name).value(), sequence);
        put(database.family(Table::queue), key, store::encode(queued), batch);
        put(database.family(Table::messages), key, store::encode(message), batch);
    }

  private:
    static void put(rocksdb::ColumnFamilyHandle* family, const Bytes& key, const Bytes& value,
                    rocksdb::WriteBatch& batch) {
        require(batch.Put(family, to_slice(key), to_slice(value)), "cannot prepare a batch");
    }

    const CommitPlan& plan_;
    Bytes noise_;
    WallTime now_ = SystemClock().now().wall;
    std::size_t count_ = 0;
};

}  // namespace

/// Encoding is outside the timed part: a hub has other threads for it while the last batch is on
/// its way to the disk. RocksDB's own threads go on meanwhile, which `preparing_seconds` tells.
CommitFigures measure_rocksdb(const CommitPlan& plan) {
    Database database(plan.folder);
    Messages messages(plan);
    rocksdb::WriteBatch batch;
    CommitFigures figures;
    const auto wanted = static_cast<double>(plan.seconds);
    Moment done = moment();
    while (figures.seconds < wanted) {
        batch.Clear();
        for (std::size_t i = 0; i < plan.batch; ++i) messages.put_next(database, batch);
        const Moment begin = moment();
        figures.preparing_seconds += bench::seconds_between(done, begin);
        database.commit(batch);
        done = moment();
        figures.seconds += bench::seconds_between(begin, done);
        figures.latencies.add(begin, done);
        figures.records += plan.batch;
    }
    return figures;
}

}  // namespace restante::limits
