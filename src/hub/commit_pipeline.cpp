#include "hub/commit_pipeline.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/assert.hpp"

namespace restante::hub {

void CommitPipeline::add(core::ChangeSet changes, Done done) {
    if (!changes.empty()) {
        for (const auto& change : changes) {
            if (const auto* put = std::get_if<core::PutMessage>(&change)) {
                const std::size_t bytes = model::size_bytes(*put->message);
                waiting_.bytes += bytes;
                uncommitted_bytes_ += bytes;
            }
        }
        waiting_.changes.insert(waiting_.changes.end(), std::make_move_iterator(changes.begin()),
                                std::make_move_iterator(changes.end()));
        waiting_.done.push_back(std::move(done));
        hurry();
    } else if (!waiting_.changes.empty()) {
        waiting_.done.push_back(std::move(done));
        hurry();
    } else if (writing_) {
        writing_->done.push_back(std::move(done));
    } else {
        ready_.push_back(std::move(done));
    }
}

void CommitPipeline::add_unhurried(core::ChangeSet changes) {
    std::ranges::move(changes, std::back_inserter(waiting_.changes));
}

const core::ChangeSet* CommitPipeline::start_batch() {
    if (writing_ || waiting_.changes.empty() || !waiting_.hurried) return nullptr;
    writing_ = std::exchange(waiting_, {});
    return &writing_->changes;
}

std::vector<CommitPipeline::Done> CommitPipeline::finish_batch() {
    RESTANTE_ASSERT(writing_);
    uncommitted_bytes_ -= writing_->bytes;
    auto done = std::move(writing_->done);
    writing_.reset();
    kept_messages_.clear();
    return done;
}

std::vector<CommitPipeline::Done> CommitPipeline::keep_batch() {
    Batch kept;
    if (writing_) kept = *std::exchange(writing_, std::nullopt);
    auto done = std::move(kept.done);
    std::ranges::move(std::exchange(waiting_.done, {}), std::back_inserter(done));
    kept.done.clear();
    std::ranges::move(waiting_.changes, std::back_inserter(kept.changes));
    kept.bytes += waiting_.bytes;
    kept.hurried = true;
    waiting_ = std::move(kept);
    for (const auto& change : waiting_.changes) {
        if (const auto* put = std::get_if<core::PutMessage>(&change)) {
            kept_messages_.insert(put->device);
        }
    }
    return done;
}

std::vector<CommitPipeline::Done> CommitPipeline::take_ready() {
    return std::exchange(ready_, {});
}

}  // namespace restante::hub
