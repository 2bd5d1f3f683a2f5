#pragma once
// A StoreEngine over RocksDB in one folder. The only place that knows RocksDB.
//
// Owned by the program's top level. One thread writes batches in order, each with its own sync
// (whoever commits groups); another reads. Neither touches the hub's state. The end finishes what
// was submitted and closes the files; a process that is killed instead loses nothing that was
// acknowledged.

#include <filesystem>
#include <memory>

#include "store/store_engine.hpp"

namespace restante::store {

class RocksDbEngine final : public StoreEngine {
  public:
    /// Opens the folder, creating it (for its owner's eyes only) and the tables when absent.
    /// Errors: storage_failed, also when another process has the folder open.
    static Result<std::unique_ptr<RocksDbEngine>> open(const std::filesystem::path& folder);

    /// The state at this moment of a folder that another process may be using. Writes nothing;
    /// commits fail. Errors: storage_failed, also when there is no such folder.
    static Result<std::unique_ptr<RocksDbEngine>> open_read_only(
        const std::filesystem::path& folder);

    ~RocksDbEngine() override;

    void commit(WriteBatch batch, Committed done) override;
    /// Opens the database anew, once the folder takes a file of some size. What waits to be read
    /// meanwhile waits.
    void resume(Committed done) override;
    bool has_room() override;
    void get(Table table, Bytes key, Got done) override;
    Result<void> scan(Table table, BytesView prefix, const Visitor& visit) override;

  private:
    struct Impl;

    explicit RocksDbEngine(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

}  // namespace restante::store
