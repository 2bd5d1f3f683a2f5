#include "store/rocksdb/rocksdb_engine.hpp"

#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>
#include <sys/stat.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "base/assert.hpp"
#include "store/rocksdb/rocksdb_options.hpp"
#include "store/worker.hpp"

namespace restante::store {
namespace {

/// The owner may replace a file between the moment a reader learns of it and the moment it opens
/// it. One more look is nearly always enough.
constexpr int read_only_attempts_max = 5;

rocksdb::Slice to_slice(BytesView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

BytesView to_view(const rocksdb::Slice& slice) {
    return as_bytes(std::string_view(slice.data(), slice.size()));
}

/// The first key beyond all that start with `prefix`.
Bytes prefix_end(Bytes prefix) {
    while (!prefix.empty() && prefix.back() == 0xFF) prefix.pop_back();
    RESTANTE_ASSERT(!prefix.empty());
    ++prefix.back();
    return prefix;
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
        for (auto* family : families) db->DestroyColumnFamilyHandle(family);
    }

    rocksdb::Status open();
    rocksdb::Status open_read_only();
    rocksdb::ColumnFamilyHandle* family(Table table) const {
        return families[static_cast<std::size_t>(table)];
    }
    Result<void> write(const WriteBatch& batch);
    Result<std::optional<Bytes>> read(Table table, BytesView key) const;

    std::string folder;
    std::unique_ptr<rocksdb::DB> db;
    std::vector<rocksdb::ColumnFamilyHandle*> families;
    /// Touched by the writer's thread only.
    std::optional<Error> failure;
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
        rocksdb::DB* opened = nullptr;
        status = rocksdb::DB::OpenForReadOnly(reader_options(), folder, column_families(),
                                              &families, &opened);
        db.reset(opened);
        if (status.ok()) break;
    }
    return status;
}

Result<void> RocksDbEngine::Impl::write(const WriteBatch& batch) {
    if (failure) return std::unexpected(*failure);
    rocksdb::WriteBatch writes(batch.size_bytes());
    rocksdb::Status status;
    for (const auto& [kind, table, key, value] : batch.operations()) {
        switch (kind) {
            case WriteBatch::Kind::put:
                status = writes.Put(family(table), to_slice(key), to_slice(value));
                break;
            case WriteBatch::Kind::remove:
                status = writes.Delete(family(table), to_slice(key));
                break;
            case WriteBatch::Kind::remove_prefix:
                status =
                    writes.DeleteRange(family(table), to_slice(key), to_slice(prefix_end(key)));
                break;
        }
        if (!status.ok()) break;
    }
    rocksdb::WriteOptions synced;
    synced.sync = true;
    if (status.ok()) status = db->Write(synced, &writes);
    if (status.ok()) return {};
    failure = storage_failure("write to", folder, status).error();
    return std::unexpected(*failure);
}

Result<std::optional<Bytes>> RocksDbEngine::Impl::read(Table table, BytesView key) const {
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

void RocksDbEngine::get(Table table, Bytes key, Got done) {
    impl_->reader->post([impl = impl_.get(), table, key = std::move(key),
                         done = std::move(done)]() mutable { done(impl->read(table, key)); });
}

Result<void> RocksDbEngine::scan(Table table, BytesView prefix, const Visitor& visit) {
    rocksdb::ReadOptions options;
    options.fill_cache = false;
    const std::unique_ptr<rocksdb::Iterator> at(
        impl_->db->NewIterator(options, impl_->family(table)));
    for (at->Seek(to_slice(prefix)); at->Valid() && at->key().starts_with(to_slice(prefix));
         at->Next()) {
        if (!visit(to_view(at->key()), to_view(at->value()))) break;
    }
    if (!at->status().ok()) return storage_failure("read from", impl_->folder, at->status());
    return {};
}

}  // namespace restante::store
