#pragma once
// The seam: the one place where many connections meet one state.
//
// Every operation reads the same: decide (pure, HubState), commit (group commit to the store), wake
// (hints to attached devices), answer, once what it depends on is on disk. Any thread may call; the
// work runs on the hub's loop, an order and not a thread (SerialQueue). So do answers and events.
// A commit that fails stalls the hub until the disk is well (docs/decisions/0009-sick-disk.md).

#include <atomic>

#include "base/logger.hpp"
#include "core/throttle/throttle.hpp"
#include "hub/attachments.hpp"
#include "hub/commit_pipeline.hpp"
#include "hub/disk_health.hpp"
#include "hub/drive.hpp"
#include "hub/feedback_receivers.hpp"
#include "hub/hub_thread.hpp"
#include "hub/recent_messages.hpp"
#include "hub/registry.hpp"
#include "hub/serial_queue.hpp"
#include "store/store.hpp"

namespace restante::hub {

class Hub {
  public:
    /// The store and the clock outlive the hub.
    Hub(store::Store& store, const Clock& clock, Logger logger, core::HubRules rules,
        Drive drive = Drive::own_thread);
    ~Hub();

    /// Recovers the state from the store, then starts the loop. Errors: storage_failed.
    Result<void> start();
    /// Ends the loop once what is being written is on disk. What still waits is dropped.
    void stop();

    Registry& registry() { return registry_; }

    /// Takes operations that Hub does not count itself from what the tier allows. Errors:
    /// throttled.
    void admit(core::Operation operation, std::size_t count, Answer<void> answer);
    bool throttles() const { return throttle_.enabled(); }

    // -- sending -----------------------------------------------------------------------------
    /// Also errors: service_unavailable, from a disk that is slow, nearly full or sick.
    void enqueue(model::DeviceId device, model::CloudToDeviceMessage message,
                 Answer<model::SequenceNumber> answer);

    /// Ends all messages of the device; how many there were. Errors: device_not_found.
    void purge(model::DeviceId device, Answer<std::size_t> answer);

    // -- receiving ---------------------------------------------------------------------------
    AttachmentId new_attachment_id() { return {next_attachment_.fetch_add(1)}; }
    /// The answer holds the stored MQTT subscriptions. Ends an earlier attachment of the device
    /// over the same protocol. Errors: device_not_found, device_disabled, unauthorized.
    void attach(AttachRequest request, Answer<model::MqttSubscriptions> answer);
    /// Returns what the attachment holds to its queue; also right after attach(), and twice.
    void detach(AttachmentId attachment);
    /// Up to `max` messages with their bodies; fewer, or none, when there are no more.
    void receive(AttachmentId attachment, std::size_t max, Answer<LockedMessages> answer);
    /// One message, for a receiver that does not stay. Without `lock_duration`: the hub's own.
    void receive_one(model::DeviceId device, std::optional<Milliseconds> lock_duration,
                     Answer<std::optional<model::LockedMessage>> answer);
    void complete(model::DeviceId device, model::LockToken token, Answer<void> answer);
    /// For a receiver that cannot be told how it went: late counts too, and a crash within a few
    /// milliseconds may deliver the message again.
    void complete_untold(model::DeviceId device, model::LockToken token);
    void abandon(model::DeviceId device, model::LockToken token, Answer<void> answer);
    void reject(model::DeviceId device, model::LockToken token, Answer<void> answer);
    void put_mqtt_subscriptions(model::DeviceId device, model::MqttSubscriptions subscriptions,
                                Answer<void> answer);

    // -- feedback ----------------------------------------------------------------------------
    /// `available` is a hint, called as answers are: there may be something to receive. What a
    /// receiver holds at its end returns to the queue.
    void attach_feedback(AttachmentId receiver, std::function<void()> available);
    void detach_feedback(AttachmentId receiver);
    /// Up to `max` batches. A receiver that does not stay is AttachmentId{}.
    void receive_feedback(AttachmentId receiver, std::size_t max, Answer<LockedBatches> answer);
    // Errors of the three: device_message_lock_lost.
    void complete_feedback(model::LockToken token, Answer<void> answer);
    void abandon_feedback(model::LockToken token, Answer<void> answer);
    void reject_feedback(model::LockToken token, Answer<void> answer);

    /// Runs what is due by the clock now: for a test whose clock the hub cannot hear.
    void advance();
    /// With Drive::run_pending: does what waits, and says how much; when advance() is due, if ever.
    std::size_t run_pending();
    std::optional<SteadyTime> next_deadline() const { return timer_at_; }

  private:
    friend class Registry;
    using Settlement = std::move_only_function<Result<void>(
        const model::DeviceId&, model::LockToken, Now, core::ChangeSet&)>;
    using FeedbackSettlement = Result<void> (core::FeedbackQueue::*)(model::LockToken, Now,
                                                                     core::ChangeSet&);

    void on_loop(std::move_only_function<void()> work);
    void commit(core::ChangeSet changes, CommitPipeline::Done done);
    void commit_unhurried(core::ChangeSet changes);
    void write_next();
    void written(const Result<void>& result);
    void stall(const Error& reason);
    void resumed(const Result<void>& result);
    bool may_deliver(const model::DeviceId& device) const;
    Result<void> check_room() { return disk_.check_room(store_.has_room()); }
    void schedule();
    void stop_when_quiet();
    bool take_recent(AttachmentId attachment, LockedMessages& locked);
    void read_bodies(const model::DeviceId& device, LockedMessages locked,
                     Answer<LockedMessages> answer);
    void read_records(LockedMessages batches, std::move_only_function<void(LockedBatches)> then);
    template <class Item, class Read>
    void read_each(std::vector<Item> items, Read read,
                   std::move_only_function<void(std::vector<Item>)> then);
    void settle_feedback(model::LockToken token, Answer<void> answer, FeedbackSettlement decide);
    void hand_out_feedback(AttachmentId receiver, std::size_t max, LockedBatches read,
                           Answer<LockedBatches> answer);
    void note_dropped_feedback();
    void settle(std::string_view event, model::DeviceId device, model::LockToken token,
                Answer<void> answer, Settlement decide);
    Result<void> check_throttle(core::Operation operation, std::size_t count);
    Result<void> check_send();
    void add_attachment(AttachRequest& request, core::ChangeSet& changes);
    void end(Attachments::Removed ended, const Error& reason, core::ChangeSet& changes);

    store::Store& store_;
    const Clock& clock_;
    Logger log_;
    const Drive drive_;
    core::HubState state_;
    core::Throttle throttle_;
    Attachments attachments_;
    FeedbackReceivers feedback_receivers_;
    std::uint64_t feedback_dropped_ = 0;  ///< as last logged
    Registry registry_{*this};
    CommitPipeline commits_;
    RecentMessages recent_{recent_messages_bytes_max};
    DiskHealth disk_;
    std::atomic<std::uint64_t> next_attachment_{1};
    std::size_t outstanding_ = 0;  ///< store operations whose callbacks will come
    bool stopping_ = false;
    std::optional<SteadyTime> timer_at_;
    std::optional<SteadyTime> unhurried_until_;
    HubThread thread_;
    SerialQueue pieces_;
};

}  // namespace restante::hub
