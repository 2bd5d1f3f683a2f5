// The hub's feedback operations: what senders hear of their messages.

#include "hub/hub.hpp"

namespace restante::hub {

void Hub::attach_feedback(AttachmentId receiver, std::function<void()> available) {
    on_loop([this, receiver, available = std::move(available)]() mutable {
        available();
        feedback_receivers_.add(receiver, std::move(available));
    });
}

void Hub::detach_feedback(AttachmentId receiver) {
    on_loop([this, receiver] {
        feedback_receivers_.remove(receiver);
        state_.feedback().release(receiver);
        commit({}, [](const auto&) {});
    });
}

void Hub::receive_feedback(AttachmentId receiver, std::size_t max, Answer<LockedBatches> answer) {
    on_loop([this, receiver, max, answer = std::move(answer)]() mutable {
        // A batch that is handed out may be made in that moment, of records the disk does not have.
        if (disk_.sick()) return answer(LockedBatches{});
        core::ChangeSet changes;
        auto batches = state_.receive_feedback(max, receiver, clock_.now(), changes);
        commit(std::move(changes), [this, receiver, max, batches = std::move(batches),
                                    answer = std::move(answer)](const auto& stored) mutable {
            if (!stored) return answer(std::unexpected(stored.error()));
            read_records(std::move(batches),
                         [this, receiver, max, answer = std::move(answer)](auto read) mutable {
                             hand_out_feedback(receiver, max, std::move(read), std::move(answer));
                         });
        });
    });
}

/// A device takes its feedback with it: batches of nothing but that end here, and the receiver gets
/// the next ones instead.
void Hub::hand_out_feedback(AttachmentId receiver, std::size_t max, LockedBatches read,
                            Answer<LockedBatches> answer) {
    core::ChangeSet changes;
    bool dropped = false;
    std::erase_if(read, [&](model::LockedFeedback& batch) {
        if (batch.records.empty()) return true;  // settled while it was read, or unreadable
        std::erase_if(batch.records,
                      [this](const auto& record) { return !state_.concerns_someone(record); });
        if (!batch.records.empty()) return false;
        dropped = state_.feedback().complete(batch.token, clock_.now(), changes) || dropped;
        return true;
    });
    if (read.empty() && dropped) {
        commit(std::move(changes), [](const auto&) {});
        return receive_feedback(receiver, max, std::move(answer));
    }
    commit(std::move(changes), [this, dropped, read = std::move(read),
                                answer = std::move(answer)](const auto& stored) mutable {
        if (!stored) return answer(std::unexpected(stored.error()));
        answer(std::move(read));
        // Fewer than asked for would otherwise say that no more wait.
        if (dropped) feedback_receivers_.wake();
    });
}

void Hub::complete_feedback(model::LockToken token, Answer<void> answer) {
    settle_feedback(token, std::move(answer), &core::FeedbackQueue::complete);
}

void Hub::abandon_feedback(model::LockToken token, Answer<void> answer) {
    settle_feedback(token, std::move(answer), &core::FeedbackQueue::abandon);
}

void Hub::reject_feedback(model::LockToken token, Answer<void> answer) {
    settle_feedback(token, std::move(answer), &core::FeedbackQueue::reject);
}

void Hub::settle_feedback(model::LockToken token, Answer<void> answer, FeedbackSettlement decide) {
    on_loop([this, token, answer = std::move(answer), decide]() mutable {
        core::ChangeSet changes;
        auto result = (state_.feedback().*decide)(token, clock_.now(), changes);
        commit(std::move(changes), answer_once_stored<void>(std::move(answer), std::move(result)));
    });
}

void Hub::note_dropped_feedback() {
    const auto dropped = state_.feedback().dropped();
    if (dropped == feedback_dropped_) return;
    feedback_dropped_ = dropped;
    log_.warning("feedback_dropped", {{"batches", dropped},
                                      {"reason",
                                       "nobody receives the feedback, and the most "
                                       "batches that may wait do so already"}});
}

}  // namespace restante::hub
