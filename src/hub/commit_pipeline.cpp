#include "hub/commit_pipeline.hpp"

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
    } else if (!waiting_.changes.empty()) {
        waiting_.done.push_back(std::move(done));
    } else if (writing_) {
        writing_->done.push_back(std::move(done));
    } else {
        ready_.push_back(std::move(done));
    }
}

const core::ChangeSet* CommitPipeline::start_batch() {
    if (writing_ || waiting_.changes.empty()) return nullptr;
    writing_ = std::exchange(waiting_, {});
    return &writing_->changes;
}

std::vector<CommitPipeline::Done> CommitPipeline::finish_batch() {
    RESTANTE_ASSERT(writing_);
    uncommitted_bytes_ -= writing_->bytes;
    auto done = std::move(writing_->done);
    writing_.reset();
    return done;
}

std::vector<CommitPipeline::Done> CommitPipeline::take_ready() {
    return std::exchange(ready_, {});
}

}  // namespace restante::hub
