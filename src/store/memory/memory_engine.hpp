#pragma once
// A StoreEngine over ordinary maps: for tests, and for a hub that may forget.
//
// Work is done in the order it was submitted, either by the engine's own thread or, where a test
// wants to decide when the disk answers, inside run_pending() on the caller's.

#include <atomic>
#include <map>
#include <memory>
#include <mutex>

#include "store/store_engine.hpp"
#include "store/worker.hpp"

namespace restante::store {

class MemoryEngine final : public StoreEngine {
  public:
    enum class Completion : std::uint8_t { own_thread, run_pending };

    explicit MemoryEngine(Completion completion = Completion::own_thread);
    ~MemoryEngine() override;

    void commit(WriteBatch batch, Committed done) override;
    void get(Table table, Bytes key, Got done) override;
    void resume(Committed done) override;
    bool has_room() override { return roomy_; }
    Result<void> scan(Table table, BytesView prefix, const Visitor& visit) override;

    /// Does what was submitted so far and answers it; the number of operations. What the callbacks
    /// submit waits for the next call. For Completion::run_pending, from one thread at a time.
    std::size_t run_pending();

    /// The next commit to be done fails with `error` and changes nothing; so do all later ones,
    /// and resume() as long as the disk is not mended.
    void fail_next_commit(Error error);
    void mend();
    void set_room(bool roomy) { roomy_ = roomy; }

  private:
    using Contents = std::map<Bytes, Bytes>;

    void submit(Worker::Job work);
    Result<void> apply(WriteBatch batch);
    Contents& contents(Table table) { return tables_[static_cast<std::size_t>(table)]; }

    std::mutex mutex_;
    std::array<Contents, tables.size()> tables_;
    std::optional<Error> failure_;
    bool mended_ = false;
    std::atomic<bool> roomy_{true};
    std::vector<Worker::Job> pending_;
    /// Last, so that it ends while everything its jobs use is there.
    std::unique_ptr<Worker> worker_;
};

}  // namespace restante::store
