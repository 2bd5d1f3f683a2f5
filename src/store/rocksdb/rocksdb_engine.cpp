#include "store/rocksdb/rocksdb_engine.hpp"

#include "store/rocksdb/rocksdb_options.hpp"
#include "store/worker.hpp"

#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <system_error>
#include <utility>

namespace restante::store {
namespace {

/// The owner may replace a file between the moment a reader learns of it and the moment it opens
/// it; a log that is gone by then RocksDB does not miss. One more look is nearly always enough.
constexpr int read_only_attempts_max = 5;

/// With less than this left of the disk, what is left is for ending messages, and for RocksDB's own
/// files: its logs, its buffers, what a compaction writes before it deletes.
constexpr std::uintmax_t reserved_bytes = 128 * 1024 * 1024;

/// A sick disk is well again when it takes a file of this size.
constexpr std::size_t probe_bytes = 1024 * 1024;

rocksdb::Slice to_slice(BytesView bytes) {
    // RocksDB compares without asking for the length first, and no bytes may mean no address.
    if (bytes.empty()) return {};
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

BytesView to_view(const rocksdb::Slice& slice) {
    return as_bytes(std::string_view(slice.data(), slice.size()));
}

/// The keys a batch puts, for a removal by prefix later in the same batch.
using KeysPut = std::set<std::pair<Table, Bytes>>;

KeysPut keys_put(const WriteBatch& batch) {
    KeysPut keys;
    for (const auto& operation : batch.operations()) {
        if (operation.kind == WriteBatch::Kind::put) keys.emplace(operation.table, operation.key);
    }
    return keys;
}

/// RocksDB has a text for a lock held by another process and one for a lock held by this one.
bool is_locked(const std::string& cause) {
    return cause.starts_with("IO error: While lock file:") ||
           cause.starts_with("IO error: lock hold by current process");
}

std::unexpected<Error> storage_failure(std::string_view doing, const std::string& folder,
                                       const rocksdb::Status& status) {
    const std::string cause = status.ToString();
    if (is_locked(cause)) {
        return fail(ErrorCode::storage_failed,
                    fmt::format("cannot {} the folder '{}': another hub is running on this folder",
                                doing, folder));
    }
    if (status.IsCorruption()) {
        return fail(ErrorCode::storage_failed,
                    fmt::format("cannot {} the folder '{}': its files are damaged, and going on "
                                "could lose acknowledged messages unnoticed; check the disk and "
                                "restore a backup ({})",
                                doing, folder, cause));
    }
    return fail(ErrorCode::storage_failed,
                fmt::format("cannot {} the folder '{}': {}", doing, folder, cause));
}

/// The MANIFEST's name and size: others whenever the owner notes a change of its files, which it
/// does before it deletes one.
std::pair<std::string, std::uintmax_t> files_noted(const std::filesystem::path& folder) {
    std::string name;
    std::getline(std::ifstream(folder / "CURRENT"), name);
    std::error_code gone;
    return {name, std::filesystem::file_size(folder / name, gone)};
}

Result<void> make_folder(const std::filesystem::path& folder) {
    std::error_code error;
    if (std::filesystem::is_directory(folder, error)) return {};
    if (folder.has_parent_path()) std::filesystem::create_directories(folder.parent_path(), error);
    // Keys lie in there: nobody else may look.
    if (!error && ::mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
        error = std::error_code(errno, std::system_category());
    }
    if (!error) return {};
    return fail(ErrorCode::storage_failed,
                fmt::format("cannot make the folder '{}': {}", folder.string(), error.message()));
}

}  // namespace

struct RocksDbEngine::Impl {
    explicit Impl(const std::filesystem::path& path) : folder(path.string()) {}
    ~Impl() {
        // Both finish what was submitted, while the database is open.
        writer.reset();
        reader.reset();
        close();
    }

    rocksdb::Status open();
    rocksdb::Status open_read_only();
    void close();
    rocksdb::Status probe() const;
    Result<void> resume();
    void measure();
    rocksdb::ColumnFamilyHandle* family(Table table) const {
        return families[static_cast<std::size_t>(table)];
    }
    Result<void> write(const WriteBatch& batch);
    rocksdb::Status translate(const WriteBatch& batch, rocksdb::WriteBatch& writes) const;
    rocksdb::Status remove_prefix(Table table, const Bytes& prefix, const KeysPut& put,
                                  rocksdb::WriteBatch& writes) const;
    rocksdb::Status each_with_prefix(Table table, BytesView prefix, const Visitor& visit) const;
    Result<std::optional<Bytes>> read(Table table, BytesView key) const;

    std::string folder;
    /// Held by the reader while it reads, and by the writer's thread while it opens anew.
    mutable std::shared_mutex opening;
    std::unique_ptr<rocksdb::DB> db;
    std::vector<rocksdb::ColumnFamilyHandle*> families;
    /// Touched by the writer's thread only.
    std::optional<Error> failure;
    std::atomic<bool> roomy{true};
    std::atomic<bool> measuring{false};
    std::optional<Worker> writer;
    std::optional<Worker> reader;
};

rocksdb::Status RocksDbEngine::Impl::open() {
    rocksdb::DB* opened = nullptr;
    auto status = rocksdb::DB::Open(owner_options(), folder, column_families(), &families, &opened);
    db.reset(opened);
    return status;
}

rocksdb::Status RocksDbEngine::Impl::open_read_only() {
    rocksdb::Status status;
    for (int attempt = 0; attempt < read_only_attempts_max; ++attempt) {
        const auto noted = files_noted(folder);
        rocksdb::DB* opened = nullptr;
        status = rocksdb::DB::OpenForReadOnly(reader_options(), folder, column_families(),
                                              &families, &opened);
        db.reset(opened);
        if (status.ok() && files_noted(folder) == noted) break;
        if (status.ok()) {
            close();
            status = rocksdb::Status::TryAgain("the hub changes its files too fast");
        }
    }
    return status;
}

void RocksDbEngine::Impl::close() {
    // Opening may have been left in the middle, out of memory: with tables and without a database.
    if (!db) return families.clear();
    for (auto* family : std::exchange(families, {})) db->DestroyColumnFamilyHandle(family);
    db.reset();
}

rocksdb::Status RocksDbEngine::Impl::probe() const {
    auto* env = rocksdb::Env::Default();
    const std::string file = folder + "/probe.tmp";
    auto status = rocksdb::WriteStringToFile(env, std::string(probe_bytes, 'p'), file, true);
    env->DeleteFile(file).PermitUncheckedError();
    return status;
}

/// RocksDB takes no more writes after some failures until it is opened anew. Its end syncs nothing
/// and needs nothing to be: what was acknowledged was synced.
Result<void> RocksDbEngine::Impl::resume() {
    if (!failure) return {};
    if (auto status = probe(); !status.ok()) return storage_failure("write to", folder, status);
    const std::unique_lock alone(opening);
    close();
    if (const auto status = open(); !status.ok()) {
        failure = storage_failure("open", folder, status).error();
        // For whoever reads until the next attempt. Failing that, read() says so.
        if (!open_read_only().ok()) db.reset();
        return std::unexpected(*failure);
    }
    failure.reset();
    measure();
    return {};
}

void RocksDbEngine::Impl::measure() {
    std::error_code error;
    const auto space = std::filesystem::space(folder, error);
    // What cannot be measured shows when it is written to.
    roomy = error || space.available >= reserved_bytes;
}

/// Deletes one by one what the database and the batch so far hold: a queue is short, most are
/// empty, and RocksDB's own range deletions slow down every read until they are compacted away.
/// Only this thread changes the database, so nothing can slip in between.
rocksdb::Status RocksDbEngine::Impl::remove_prefix(Table table, const Bytes& prefix,
                                                   const KeysPut& put,
                                                   rocksdb::WriteBatch& writes) const {
    rocksdb::Status status;
    for (auto at = put.lower_bound({table, prefix});
         status.ok() && at != put.end() && at->first == table &&
         to_slice(at->second).starts_with(to_slice(prefix));
         ++at) {
        status = writes.Delete(family(table), to_slice(at->second));
    }
    if (!status.ok()) return status;
    return each_with_prefix(table, prefix, [&](BytesView key, BytesView) {
        status = writes.Delete(family(table), to_slice(key));
        return status.ok();
    });
}

rocksdb::Status RocksDbEngine::Impl::translate(const WriteBatch& batch,
                                               rocksdb::WriteBatch& writes) const {
    rocksdb::Status status;
    std::optional<KeysPut> put;
    for (const auto& [kind, table, key, value] : batch.operations()) {
        switch (kind) {
            case WriteBatch::Kind::put:
                status = writes.Put(family(table), to_slice(key), to_slice(value));
                break;
            case WriteBatch::Kind::remove:
                status = writes.Delete(family(table), to_slice(key));
                break;
            case WriteBatch::Kind::remove_prefix:
                // Includes what the batch puts later: deleting it too early changes nothing.
                if (!put) put = keys_put(batch);
                status = remove_prefix(table, key, *put, writes);
                break;
        }
        if (!status.ok()) break;
    }
    return status;
}

Result<void> RocksDbEngine::Impl::write(const WriteBatch& batch) {
    if (failure) return std::unexpected(*failure);
    rocksdb::WriteBatch writes(batch.size_bytes());
    rocksdb::WriteOptions synced;
    synced.sync = true;
    auto status = translate(batch, writes);
    if (status.ok()) status = db->Write(synced, &writes);
    measure();
    if (status.ok()) return {};
    failure = storage_failure("write to", folder, status).error();
    return std::unexpected(*failure);
}

rocksdb::Status RocksDbEngine::Impl::each_with_prefix(Table table, BytesView prefix,
                                                      const Visitor& visit) const {
    rocksdb::ReadOptions options;
    options.fill_cache = false;
    const std::unique_ptr<rocksdb::Iterator> at(db->NewIterator(options, family(table)));
    for (at->Seek(to_slice(prefix)); at->Valid() && at->key().starts_with(to_slice(prefix));
         at->Next()) {
        if (!visit(to_view(at->key()), to_view(at->value()))) break;
    }
    return at->status();
}

Result<std::optional<Bytes>> RocksDbEngine::Impl::read(Table table, BytesView key) const {
    const std::shared_lock open(opening);
    if (!db) {
        return fail(ErrorCode::storage_failed,
                    fmt::format("the folder '{}' cannot be read before it can be opened", folder));
    }
    rocksdb::PinnableSlice value;
    const auto status = db->Get(rocksdb::ReadOptions(), family(table), to_slice(key), &value);
    if (status.IsNotFound()) return std::nullopt;
    if (!status.ok()) return storage_failure("read from", folder, status);
    return to_bytes(to_view(value));
}

// -- engine --------------------------------------------------------------------------------------

RocksDbEngine::RocksDbEngine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {
    impl_->writer.emplace();
    impl_->reader.emplace();
}

RocksDbEngine::~RocksDbEngine() = default;

Result<std::unique_ptr<RocksDbEngine>> RocksDbEngine::open(const std::filesystem::path& folder) {
    if (auto made = make_folder(folder); !made) return std::unexpected(made.error());
    auto impl = std::make_unique<Impl>(folder);
    if (auto status = impl->open(); !status.ok()) {
        return storage_failure("open", impl->folder, status);
    }
    impl->measure();
    return std::unique_ptr<RocksDbEngine>(new RocksDbEngine(std::move(impl)));
}

Result<std::unique_ptr<RocksDbEngine>> RocksDbEngine::open_read_only(
    const std::filesystem::path& folder) {
    auto impl = std::make_unique<Impl>(folder);
    std::error_code ignored;
    if (!std::filesystem::exists(folder / "CURRENT", ignored)) {
        return fail(ErrorCode::storage_failed,
                    fmt::format("cannot open the folder '{}': no hub has kept its state there yet",
                                impl->folder));
    }
    if (auto status = impl->open_read_only(); !status.ok()) {
        return storage_failure("open", impl->folder, status);
    }
    return std::unique_ptr<RocksDbEngine>(new RocksDbEngine(std::move(impl)));
}

void RocksDbEngine::commit(WriteBatch batch, Committed done) {
    impl_->writer->post([impl = impl_.get(), batch = std::move(batch),
                         done = std::move(done)]() mutable { done(impl->write(batch)); });
}

void RocksDbEngine::resume(Committed done) {
    impl_->writer->post(
        [impl = impl_.get(), done = std::move(done)]() mutable { done(impl->resume()); });
}

bool RocksDbEngine::has_room() {
    // Nobody commits while senders are refused: somebody has to look again.
    if (!impl_->roomy && !impl_->measuring.exchange(true)) {
        impl_->writer->post([impl = impl_.get()] {
            impl->measure();
            impl->measuring = false;
        });
    }
    return impl_->roomy;
}

void RocksDbEngine::get(Table table, Bytes key, Got done) {
    impl_->reader->post([impl = impl_.get(), table, key = std::move(key),
                         done = std::move(done)]() mutable { done(impl->read(table, key)); });
}

Result<void> RocksDbEngine::scan(Table table, BytesView prefix, const Visitor& visit) {
    const auto status = impl_->each_with_prefix(table, prefix, visit);
    if (!status.ok()) return storage_failure("read from", impl_->folder, status);
    return {};
}

}  // namespace restante::store
