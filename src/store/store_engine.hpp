#pragma once
// Where durable bytes live: ordered tables of keys and values, changed by atomic batches.
//
// An engine is shaped for a store that may be far away: writes and reads answer later, through a
// callback, exactly once and never inside the call itself. Callbacks come from an engine's own
// thread, must be quick, and must not throw. The engine outlives everyone who calls it; its end
// finishes what was submitted, callbacks included. Any thread may call.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace restante::store {

enum class Table : std::uint8_t {
    devices,
    modules,
    queue,
    messages,
    sequences,
    mqtt_subscriptions,
    feedback_records,
    feedback_queue,
    feedback_batches
};

inline constexpr std::array tables{
    Table::devices,          Table::modules,        Table::queue,
    Table::messages,         Table::sequences,      Table::mqtt_subscriptions,
    Table::feedback_records, Table::feedback_queue, Table::feedback_batches};

/// The table's name, which is also its name on disk.
std::string_view to_string(Table table);

/// Changes that take effect together or not at all, in the order they were added.
class WriteBatch {
  public:
    enum class Kind : std::uint8_t { put, remove, remove_prefix };

    struct Operation {
        Kind kind;
        Table table;
        Bytes key;    ///< or the prefix
        Bytes value;  ///< empty but for put
    };

    void put(Table table, Bytes key, Bytes value);
    /// Removing what is absent is no error.
    void remove(Table table, Bytes key);
    /// Every key that starts with `prefix`, which is not empty and not of 0xFF bytes only.
    void remove_prefix(Table table, Bytes prefix);

    const std::vector<Operation>& operations() const { return operations_; }
    bool empty() const { return operations_.empty(); }
    /// Bytes of keys and values.
    std::size_t size_bytes() const { return size_bytes_; }

  private:
    void add(Operation operation);

    std::vector<Operation> operations_;
    std::size_t size_bytes_ = 0;
};

class StoreEngine {
  public:
    using Committed = std::move_only_function<void(Result<void>)>;
    using Got = std::move_only_function<void(Result<std::optional<Bytes>>)>;
    using Visitor = std::function<bool(BytesView key, BytesView value)>;

    virtual ~StoreEngine() = default;

    /// `done` with success means: on disk, whatever happens to this process or machine. Commits
    /// take effect and answer in the order they were submitted. After a failure it is unknown
    /// whether that batch is on disk, and every later commit of this engine fails, because it may
    /// build on what was lost, until resume(). Errors: storage_failed.
    virtual void commit(WriteBatch batch, Committed done) = 0;

    /// After a failure: success means that commits are taken again. Whoever lost batches commits
    /// them again before any other; those that are on disk after all change nothing the second
    /// time. Errors: storage_failed, the disk is still sick.
    virtual void resume(Committed done) = 0;

    /// False: little is left of the disk, which is for ending what is there. May be as old as the
    /// last commit or the last call.
    virtual bool has_room() = 0;

    /// The value last committed under `key`; nullopt when there is none. Sees every commit that
    /// answered before the call. Errors: storage_failed.
    virtual void get(Table table, Bytes key, Got done) = 0;

    /// Calls `visit` for each key that starts with `prefix`, in the order of their bytes, until it
    /// returns false. Blocks: for start-up only. Errors: storage_failed.
    virtual Result<void> scan(Table table, BytesView prefix, const Visitor& visit) = 0;
};

}  // namespace restante::store
