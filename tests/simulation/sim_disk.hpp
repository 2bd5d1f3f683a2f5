#pragma once
// A disk that a run can crash, fail and damage. What has been synced stays; of what was written and
// not yet synced a crash keeps the first part, as a log that is torn somewhere.
//
// One run owns it; it outlives the hubs that start and die on it. Everything happens inside step()
// and the calls below it, on the run's one thread.

#include <deque>
#include <optional>
#include <string>

#include "random.hpp"
#include "store/memory/memory_engine.hpp"

namespace restante::simulation {

class SimDisk final : public store::StoreEngine {
  public:
    explicit SimDisk(Random& random) : random_(random) {}

    void commit(store::WriteBatch batch, Committed done) override;
    void resume(Committed done) override;
    bool has_room() override { return roomy_; }
    void get(store::Table table, Bytes key, Got done) override;
    Result<void> scan(store::Table table, BytesView prefix, const Visitor& visit) override;

    /// Does some of what was asked for: a group of commits under one sync, or one read. False when
    /// there was nothing to do.
    bool step();

    /// The next commit fails, and so do all until the disk is well again; whether the failed one is
    /// on the disk nobody knows.
    void fail_next_commit() { failing_ = true; }
    void set_room(bool roomy) { roomy_ = roomy; }
    /// Well and roomy, for the quiet time.
    void mend() { failing_ = false, roomy_ = true, well_ = true; }
    /// The machine or the process dies: callbacks never come, of unsynced writes a first part
    /// survives.
    void crash();

    /// Flips a record of a message; the id that its sender gave it. nullopt when there is none.
    std::optional<std::string> damage_a_message();

  private:
    struct Write {
        store::WriteBatch batch;
        Committed done;
    };
    struct Read {
        store::Table table;
        Bytes key;
        Got done;
    };

    void apply(store::WriteBatch batch);
    void fail_one();
    void answer_resume();

    Random& random_;
    store::MemoryEngine contents_{store::MemoryEngine::Completion::run_pending};
    std::deque<Write> writes_;
    std::deque<Read> reads_;
    std::optional<Committed> resuming_;
    bool roomy_ = true;
    bool failing_ = false;
    bool failed_ = false;
    bool well_ = false;  ///< what has failed does so no more
};

}  // namespace restante::simulation
