#include "hub/hub.hpp"

#include "base/encoding.hpp"
#include "base/random.hpp"
#include "model/limits.hpp"

namespace restante::hub {
namespace {

/// Expiries follow the wall clock, which can jump: look at it at least this often.
constexpr Milliseconds look_at_the_clock_every{10'000};

/// How long what nobody waits for may wait for what somebody does. A live message then costs one
/// commit, and not a second for its end.
constexpr Milliseconds unhurried_max{10};

/// So many answers take less time than to wake the thread that would give them.
constexpr std::size_t answers_on_the_way_max = 32;

std::uint32_t random_incarnation() {
    std::uint32_t incarnation = 0;
    for (const std::uint8_t byte : random_bytes(sizeof incarnation)) {
        incarnation = incarnation << 8 | byte;
    }
    return incarnation;
}

/// Feeds what the store holds into the state, and counts it for the log.
class StateRecovery final : public store::Recovery {
  public:
    StateRecovery(core::HubState& state, const Logger& log) : state_(state), log_(log) {}

    void device(model::DeviceIdentity identity) override { state_.recover(std::move(identity)); }
    void module(const model::DeviceId& device, model::ModuleIdentity identity) override {
        state_.recover(device, std::move(identity));
    }
    void queued(const model::DeviceId& device, const model::QueuedMessage& message) override {
        state_.recover(device, message);
        ++messages;
    }
    void next_sequence(const model::DeviceId& device, model::SequenceNumber next) override {
        state_.recover(device, next);
    }
    void mqtt_subscriptions(const model::DeviceId& device,
                            model::MqttSubscriptions subscriptions) override {
        state_.recover(device, std::move(subscriptions));
    }
    void feedback_record(core::FeedbackIndex index, model::FeedbackRecord record) override {
        state_.feedback().recover(index, std::move(record));
    }
    void feedback_batch(model::QueuedMessage batch) override {
        state_.feedback().recover(std::move(batch));
    }
    void damaged(store::Table table, BytesView key, const Error& reason) override {
        log_.error(
            "record_damaged",
            {{"table", store::to_string(table)}, {"key", to_hex(key)}, {"reason", reason.message}});
    }

    std::size_t messages = 0;

  private:
    core::HubState& state_;
    const Logger& log_;
};

}  // namespace

Hub::Hub(store::Store& store, const Clock& clock, Logger logger, core::HubRules rules, Drive drive)
    : store_(store),
      clock_(clock),
      log_(logger),
      drive_(drive),
      state_(rules, random_incarnation()),
      throttle_(rules.throttle),
      disk_(logger),
      pieces_([this] { thread_.run([this] { pieces_.go_on(); }); }) {}

Hub::~Hub() {
    stop();
}

Result<void> Hub::start() {
    StateRecovery recovery(state_, log_);
    if (auto recovered = store_.recover(recovery); !recovered) return recovered;
    log_.info("hub_recovered",
              {{"devices", state_.counts().devices}, {"messages", recovery.messages}});
    if (drive_ == Drive::own_thread) {
        thread_.start();
        pieces_.go_on();
    }
    advance();
    return {};
}

void Hub::stop() {
    if (!thread_.started()) return;
    on_loop([this] {
        stopping_ = true;
        thread_.forget();
        commits_.hurry();
        if (!disk_.sick()) write_next();
        stop_when_quiet();
    });
    pieces_.wait_until_closed();
    thread_.join();
}

// -- limits --------------------------------------------------------------------------------------

void Hub::admit(core::Operation operation, std::size_t count, Answer<void> answer) {
    on_loop([this, operation, count, answer = std::move(answer)]() mutable {
        answer(check_throttle(operation, count));
    });
}

Result<void> Hub::check_throttle(core::Operation operation, std::size_t count) {
    const SteadyTime now = clock_.now().steady;
    auto admitted = throttle_.admit(operation, count, now);
    if (!admitted && throttle_.is_news(operation, now)) {
        log_.warning("throttled",
                     {{"operation", core::name(operation)}, {"reason", admitted.error().message}});
    }
    return admitted;
}

Result<void> Hub::check_send() {
    if (auto may = check_room(); !may) return may;
    if (commits_.uncommitted_bytes() > model::limits::uncommitted_bytes_max) {
        return fail(ErrorCode::service_unavailable,
                    "more messages wait for the disk than memory may hold: send again later");
    }
    if (auto left = throttle_.check_quota(clock_.now().wall); !left) return left;
    return check_throttle(core::Operation::send, 1);
}

// -- sending -------------------------------------------------------------------------------------

void Hub::enqueue(model::DeviceId device, model::CloudToDeviceMessage message,
                  Answer<model::SequenceNumber> answer) {
    auto shared = std::make_shared<const model::CloudToDeviceMessage>(std::move(message));
    on_loop([this, device = std::move(device), shared = std::move(shared),
             answer = std::move(answer)]() mutable {
        if (auto may = check_send(); !may) return answer(std::unexpected(may.error()));
        core::ChangeSet changes;
        const std::size_t bytes = shared->body.size();
        auto sequence = state_.enqueue(device, shared, clock_.now(), changes);
        if (sequence) throttle_.count_message(bytes, clock_.now().wall);
        commit(std::move(changes),
               [this, device = std::move(device), sequence, shared = std::move(shared),
                answer = std::move(answer)](const Result<void>& stored) mutable {
                   if (!stored) return answer(std::unexpected(stored.error()));
                   if (sequence) {
                       log_.debug("message_enqueued",
                                  {{"device", device.value()}, {"seq", sequence->value}});
                       const auto woken = attachments_.wake(device);
                       if (woken) recent_.put(*woken, *sequence, std::move(shared));
                   }
                   answer(std::move(sequence));
               });
    });
}

void Hub::purge(model::DeviceId device, Answer<std::size_t> answer) {
    on_loop([this, device = std::move(device), answer = std::move(answer)]() mutable {
        if (auto may = disk_.check(); !may) return answer(std::unexpected(may.error()));
        core::ChangeSet changes;
        auto purged = state_.purge(device, clock_.now(), changes);
        commit(
            std::move(changes), [this, device = std::move(device), purged,
                                 answer = std::move(answer)](const Result<void>& stored) mutable {
                if (!stored) return answer(std::unexpected(stored.error()));
                if (purged) {
                    log_.info("queue_purged", {{"device", device.value()}, {"messages", *purged}});
                }
                answer(std::move(purged));
            });
    });
}

// -- time ----------------------------------------------------------------------------------------

void Hub::advance() {
    on_loop([this] {
        timer_at_.reset();
        if (unhurried_until_ && *unhurried_until_ <= clock_.now().steady) commits_.hurry();
        core::ChangeSet changes;
        auto deliverable = state_.advance(clock_.now(), changes);
        if (changes.empty() && deliverable.empty()) {
            commit_unhurried({});
            if (!disk_.sick()) write_next();
        } else {
            commit(std::move(changes), [this, deliverable = std::move(deliverable)](const auto&) {
                for (const auto& device : deliverable) attachments_.wake(device);
            });
        }
        if (!stopping_ && disk_.take_attempt(clock_.now().steady)) {
            ++outstanding_;
            store_.resume([this](Result<void> result) {
                on_loop([this, result = std::move(result)] { resumed(result); });
            });
        }
    });
}

std::size_t Hub::run_pending() {
    return pieces_.run_pending();
}

void Hub::schedule() {
    const Now now = clock_.now();
    std::optional<SteadyTime> due = state_.next_due();
    if (const auto expiry = state_.next_expiry()) {
        const SteadyTime at = now.steady + std::min(*expiry - now.wall, look_at_the_clock_every);
        due = due ? std::min(*due, at) : at;
    }
    for (const auto& other :
         {disk_.next_attempt(), disk_.sick() ? std::nullopt : unhurried_until_}) {
        if (other) due = due ? std::min(*due, *other) : *other;
    }
    if (!due || stopping_ || (timer_at_ && *timer_at_ <= *due)) return;
    timer_at_ = due;
    if (drive_ == Drive::run_pending) return;
    thread_.wake_after(std::max(*due - now.steady, Milliseconds{1}), [this] { advance(); });
}

// -- inside --------------------------------------------------------------------------------------

void Hub::on_loop(std::move_only_function<void()> work) {
    pieces_.run(std::move(work));
}

void Hub::commit(core::ChangeSet changes, CommitPipeline::Done done) {
    if (state_.feedback().take_available()) {
        done = [this, done = std::move(done)](const Result<void>& stored) mutable {
            done(stored);
            feedback_receivers_.wake();
        };
    }
    note_dropped_feedback();
    if (disk_.sick()) {
        const bool changed = !changes.empty();
        commits_.add_unhurried(std::move(changes));
        schedule();
        return done(changed ? disk_.check() : Result<void>());
    }
    commits_.add(std::move(changes), std::move(done));
    schedule();
    for (auto& ready : commits_.take_ready()) ready({});
    write_next();
}

void Hub::commit_unhurried(core::ChangeSet changes) {
    if (state_.feedback().take_available()) {
        return commit(std::move(changes), [this](const auto&) { feedback_receivers_.wake(); });
    }
    note_dropped_feedback();
    if (!changes.empty()) {
        commits_.add_unhurried(std::move(changes));
        if (!unhurried_until_) unhurried_until_ = clock_.now().steady + unhurried_max;
    }
    schedule();
}

void Hub::write_next() {
    const core::ChangeSet* batch = commits_.start_batch();
    if (!batch) return;
    unhurried_until_.reset();
    ++outstanding_;
    store_.write(*batch, [this](Result<void> result) {
        on_loop([this, result = std::move(result)] { written(result); });
    });
}

void Hub::written(const Result<void>& result) {
    if (!result) {
        --outstanding_;
        return stall(result.error());
    }
    auto done = commits_.finish_batch();
    const std::size_t answers = done.size();
    if (disk_.written()) {
        attachments_.wake_all();
        feedback_receivers_.wake();
    }
    write_next();
    auto give_answers = [this, done = std::move(done)]() mutable {
        for (auto& answer : done) answer({});
        --outstanding_;
        stop_when_quiet();
    };
    // This thread may be the disk's, which has a batch to write: it gives a few answers on its way,
    // and leaves many, and all else that waits, to another.
    const bool many = commits_.writing() && answers > answers_on_the_way_max;
    if (!many) give_answers();
    if (commits_.writing()) pieces_.hand_over(many ? std::move(give_answers) : SerialQueue::Work());
}

void Hub::stop_when_quiet() {
    if (stopping_ && outstanding_ == 0 && (commits_.idle() || disk_.sick())) pieces_.close();
}

// -- a sick disk ---------------------------------------------------------------------------------

void Hub::stall(const Error& reason) {
    disk_.failed(reason, clock_.now().steady);
    schedule();
    for (auto& done : commits_.keep_batch()) done(disk_.check());
    stop_when_quiet();
}

void Hub::resumed(const Result<void>& result) {
    --outstanding_;
    if (!result) return stall(result.error());
    write_next();
    stop_when_quiet();
}

/// What is not on the disk yet has no body to read, and its sender was told that it may be lost.
bool Hub::may_deliver(const model::DeviceId& device) const {
    return !disk_.sick() || (!commits_.keeps_too_much() && !commits_.keeps_message_for(device));
}

}  // namespace restante::hub
