#pragma once
// Group commit, without the disk: what waits to be written, what is being written, and who waits
// for which. While one batch is on its way to the disk everything else gathers in the next, so the
// number of syncs follows the disk's speed and not the senders'. What the disk refused is kept and
// written again: the state has it, and nothing may be built on what the disk lacks.
//
// Owned and used by Hub on its loop.

#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "base/result.hpp"
#include "core/change_set.hpp"

namespace restante::hub {

class CommitPipeline {
  public:
    /// Hears whether what it waited for is on disk. After an error that is unknown, and it may get
    /// there later.
    using Done = std::move_only_function<void(const Result<void>&)>;

    /// `done` is due once `changes` and everything added before them are on disk. An empty set
    /// waits for what it may have seen; with nothing under way its `done` is due at once.
    void add(core::ChangeSet changes, Done done);
    /// Changes that nobody waits for: they go with the next that somebody does, or at hurry().
    void add_unhurried(core::ChangeSet changes);
    void hurry() { waiting_.hurried = true; }

    /// The next batch, when there is one in a hurry and none is being written. It stays the
    /// pipeline's.
    const core::ChangeSet* start_batch();

    /// The batch being written is on disk; its callbacks in the order they were added.
    std::vector<Done> finish_batch();

    /// The batch being written, if any, failed: it leads the next one. The callbacks of both.
    std::vector<Done> keep_batch();
    /// So much is kept that nothing should be begun.
    bool keeps_too_much() const { return waiting_.changes.size() > kept_changes_max; }
    /// A message for the device has been kept: its body is not on disk yet.
    bool keeps_message_for(const model::DeviceId& device) const {
        return kept_messages_.contains(device);
    }

    /// Callbacks that wait for nothing; to be run after each add().
    std::vector<Done> take_ready();

    bool writing() const { return writing_.has_value(); }
    bool idle() const { return !writing_ && waiting_.changes.empty() && ready_.empty(); }

    /// Bytes of messages added and not yet on disk.
    std::size_t uncommitted_bytes() const { return uncommitted_bytes_; }

  private:
    static constexpr std::size_t kept_changes_max = 100'000;

    struct Batch {
        core::ChangeSet changes;
        std::vector<Done> done;
        std::size_t bytes = 0;
        bool hurried = false;
    };

    Batch waiting_;
    std::optional<Batch> writing_;
    std::vector<Done> ready_;
    std::set<model::DeviceId> kept_messages_;
    std::size_t uncommitted_bytes_ = 0;
};

/// The answer to an operation that decided `result`, once what it changed is on disk.
template <class T>
CommitPipeline::Done answer_once_stored(std::move_only_function<void(Result<T>)> answer,
                                        Result<T> result) {
    return [answer = std::move(answer),
            result = std::move(result)](const Result<void>& stored) mutable {
        if (!stored && result) result = std::unexpected(stored.error());
        answer(std::move(result));
    };
}

}  // namespace restante::hub
