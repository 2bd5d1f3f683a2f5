#pragma once
// Group commit, without the disk: what waits to be written, what is being written, and who waits
// for which. While one batch is on its way to the disk everything else gathers in the next, so the
// number of syncs follows the disk's speed and not the senders'.
//
// Owned and used by Hub on its loop.

#include <functional>
#include <optional>
#include <vector>

#include "core/change_set.hpp"

namespace restante::hub {

class CommitPipeline {
  public:
    using Done = std::move_only_function<void()>;

    /// `done` is due once `changes` and everything added before them are on disk. An empty set
    /// waits for what it may have seen; with nothing under way its `done` is due at once.
    void add(core::ChangeSet changes, Done done);

    /// The next batch, when there is one and none is being written. It stays the pipeline's.
    const core::ChangeSet* start_batch();

    /// The batch being written is on disk; its callbacks in the order they were added.
    std::vector<Done> finish_batch();

    /// Callbacks that wait for nothing; to be run after each add().
    std::vector<Done> take_ready();

    bool idle() const { return !writing_ && waiting_.changes.empty() && ready_.empty(); }

    /// Bytes of messages added and not yet on disk.
    std::size_t uncommitted_bytes() const { return uncommitted_bytes_; }

  private:
    struct Batch {
        core::ChangeSet changes;
        std::vector<Done> done;
        std::size_t bytes = 0;
    };

    Batch waiting_;
    std::optional<Batch> writing_;
    std::vector<Done> ready_;
    std::size_t uncommitted_bytes_ = 0;
};

}  // namespace restante::hub
