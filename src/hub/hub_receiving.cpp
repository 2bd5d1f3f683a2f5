// Hub's operations for those who receive: devices, and their modules, which get no messages.

#include "base/timestamp.hpp"
#include "hub/hub.hpp"

namespace restante::hub {
namespace {

/// Takeovers that follow one another faster than this are counted as one flap.
constexpr std::chrono::minutes takeovers_within{1};

/// "d1", "d1/m1".
std::string client_name(const model::DeviceId& device,
                        const std::optional<model::ModuleId>& module) {
    return module ? device.value() + '/' + module->value() : device.value();
}

}  // namespace

void Hub::attach(AttachRequest request, Answer<model::MqttSubscriptions> answer) {
    on_loop([this, request = std::move(request), answer = std::move(answer)]() mutable {
        auto checked =
            registry_.check_proof(request.device, request.module, request.identity_version);
        if (checked) checked = check_throttle(core::Operation::connect, 1);
        if (!checked) return answer(std::unexpected(checked.error()));
        core::ChangeSet changes;
        add_attachment(request, changes);
        log_.info("device_attached", {{"device", client_name(request.device, request.module)},
                                      {"protocol", name(request.protocol)},
                                      {"peer", request.peer}});
        const auto& attached = *attachments_.find(request.id);
        attachments_.remember(model::ConnectionChange::connected, attached, attached.since, {});
        model::MqttSubscriptions subscriptions;
        const auto* stored = request.module ? nullptr : state_.subscriptions(request.device);
        if (stored) subscriptions = *stored;
        commit(std::move(changes),
               [answer = std::move(answer),
                subscriptions = std::move(subscriptions)](const Result<void>&) mutable {
                   // Not stored: how often the one that was replaced had received its messages.
                   answer(std::move(subscriptions));
               });
    });
}

/// The newest connection of an identity wins. The log names both, so that two clients with one
/// identity, which throw each other out, explain themselves; the loser hears no addresses.
void Hub::add_attachment(AttachRequest& request, core::ChangeSet& changes) {
    const WallTime now = clock_.now().wall;
    auto old = attachments_.add(request.id,
                                {.device = request.device,
                                 .module = request.module,
                                 .protocol = request.protocol,
                                 .events = std::move(request.events),
                                 .peer = request.peer,
                                 .since = now},
                                now);
    if (!old) return;
    const auto& before = old->second;
    const bool again = now - before.since < takeovers_within;
    const std::size_t takeovers = again ? before.takeovers + 1 : 1;
    attachments_.find(request.id)->takeovers = takeovers;
    log_.warning("connection_replaced", {{"device", client_name(request.device, request.module)},
                                         {"protocol", name(request.protocol)},
                                         {"replaced", before.peer},
                                         {"connected_since", to_iso8601(before.since)},
                                         {"by", request.peer},
                                         {"takeovers", takeovers}});
    attachments_.remember(model::ConnectionChange::replaced, before, now,
                          "replaced by " + request.peer);
    Attachments::Removed replaced;
    replaced.push_back(std::move(*old));
    end(std::move(replaced),
        Error(ErrorCode::connection_replaced, "a newer connection of the same device took over"),
        changes);
}

void Hub::detach(AttachmentId attachment) {
    on_loop([this, attachment] {
        const Now now = clock_.now();
        const auto removed = attachments_.remove(attachment, now.wall);
        if (!removed) return;
        core::ChangeSet changes;
        const bool deliverable = state_.release(removed->device, attachment, now, changes);
        log_.info("device_detached", {{"device", client_name(removed->device, removed->module)},
                                      {"protocol", name(removed->protocol)}});
        attachments_.remember(model::ConnectionChange::disconnected, *removed, now.wall, {});
        commit(std::move(changes), [this, deliverable, device = removed->device](const auto&) {
            if (deliverable) attachments_.wake(device);
        });
    });
}

void Hub::receive(AttachmentId attachment, std::size_t max, Answer<LockedMessages> answer) {
    on_loop([this, attachment, max, answer = std::move(answer)]() mutable {
        const auto* attached = attachments_.find(attachment);
        if (!attached || attached->module || !may_deliver(attached->device)) {
            return answer(LockedMessages{});
        }
        core::ChangeSet changes;
        auto locked = state_.receive(attached->device,
                                     {.max = max,
                                      .receiver = attachment,
                                      .lock_duration = state_.queue_rules().lock_duration},
                                     clock_.now(), changes);
        // What waits for the disk now has nothing to do with messages that are there already.
        if (take_recent(attachment, locked) && changes.empty()) {
            schedule();
            return answer(std::move(locked));
        }
        commit(std::move(changes),
               [this, attachment, device = attached->device, locked = std::move(locked),
                answer = std::move(answer)](const auto& stored) mutable {
                   if (!stored && !may_deliver(device)) {
                       return answer(std::unexpected(stored.error()));
                   }
                   if (take_recent(attachment, locked)) return answer(std::move(locked));
                   read_bodies(device, std::move(locked), std::move(answer));
               });
    });
}

void Hub::receive_one(model::DeviceId device, std::optional<Milliseconds> lock_duration,
                      Answer<std::optional<model::LockedMessage>> answer) {
    on_loop([this, device = std::move(device), lock_duration,
             answer = std::move(answer)]() mutable {
        const auto admitted = check_throttle(core::Operation::receive_over_https, 1);
        if (!admitted) return answer(std::unexpected(admitted.error()));
        if (!may_deliver(device)) return answer(std::unexpected(disk_.check().error()));
        core::ChangeSet changes;
        const core::ReceiveOrder order{
            .max = 1,
            .receiver = {},
            .lock_duration = lock_duration.value_or(state_.queue_rules().lock_duration)};
        const Now now = clock_.now();
        auto locked = state_.receive(device, order, now, changes);
        if (state_.find(device)) attachments_.note_activity(device, now.wall);
        commit(std::move(changes), [this, device = std::move(device), locked = std::move(locked),
                                    answer = std::move(answer)](const auto& stored) mutable {
            if (!stored && !may_deliver(device)) return answer(std::unexpected(stored.error()));
            read_bodies(device, std::move(locked), [answer = std::move(answer)](auto read) mutable {
                if (!read) return answer(std::unexpected(std::move(read).error()));
                std::optional<model::LockedMessage> one;
                if (!read->empty()) one = std::move(read->front());
                answer(std::move(one));
            });
        });
    });
}

void Hub::complete(model::DeviceId device, model::LockToken token, Answer<void> answer) {
    settle("message_completed", std::move(device), token, std::move(answer),
           [this](const auto& id, auto lock, Now now, auto& changes) {
               return state_.complete(id, lock, core::LateSettlement::refuse, now, changes);
           });
}

void Hub::complete_untold(model::DeviceId device, model::LockToken token) {
    on_loop([this, device = std::move(device), token] {
        core::ChangeSet changes;
        const Now now = clock_.now();
        if (state_.complete(device, token, core::LateSettlement::accept, now, changes)) {
            attachments_.note_activity(device, now.wall);
            log_.debug("message_completed",
                       {{"device", device.value()}, {"seq", token.sequence.value}});
        }
        commit_unhurried(std::move(changes));
    });
}

void Hub::abandon(model::DeviceId device, model::LockToken token, Answer<void> answer) {
    Answer<void> wake_and_answer = [this, device, answer = std::move(answer)](auto result) mutable {
        if (result) attachments_.wake(device);
        answer(std::move(result));
    };
    settle("message_abandoned", std::move(device), token, std::move(wake_and_answer),
           [this](const auto& id, auto lock, Now now, auto& changes) {
               return state_.abandon(id, lock, now, changes);
           });
}

void Hub::reject(model::DeviceId device, model::LockToken token, Answer<void> answer) {
    settle("message_rejected", std::move(device), token, std::move(answer),
           [this](const auto& id, auto lock, Now now, auto& changes) {
               return state_.reject(id, lock, now, changes);
           });
}

void Hub::settle(std::string_view event, model::DeviceId device, model::LockToken token,
                 Answer<void> answer, Settlement decide) {
    on_loop([this, event, device = std::move(device), token, answer = std::move(answer),
             decide = std::move(decide)]() mutable {
        core::ChangeSet changes;
        const Now now = clock_.now();
        auto result = decide(device, token, now, changes);
        if (result) attachments_.note_activity(device, now.wall);
        commit(std::move(changes), [this, event, device = std::move(device), token, result,
                                    answer = std::move(answer)](const auto& stored) mutable {
            if (!stored && result) result = std::unexpected(stored.error());
            if (result) {
                log_.debug(event, {{"device", device.value()}, {"seq", token.sequence.value}});
            }
            answer(std::move(result));
        });
    });
}

void Hub::put_mqtt_subscriptions(model::DeviceId device, model::MqttSubscriptions subscriptions,
                                 Answer<void> answer) {
    on_loop([this, device = std::move(device), subscriptions = std::move(subscriptions),
             answer = std::move(answer)]() mutable {
        const auto* present = state_.subscriptions(device);
        const bool same = present != nullptr && *present == subscriptions;
        if (auto may = disk_.check(); !may && !same) return answer(std::move(may));
        core::ChangeSet changes;
        auto result = state_.put_subscriptions(device, std::move(subscriptions), changes);
        commit(std::move(changes), answer_once_stored<void>(std::move(answer), std::move(result)));
    });
}

void Hub::end(Attachments::Removed ended, const Error& reason, core::ChangeSet& changes) {
    for (auto& [id, attachment] : ended) {
        state_.release(attachment.device, id, clock_.now(), changes);
        log_.info("device_ended", {{"device", client_name(attachment.device, attachment.module)},
                                   {"protocol", name(attachment.protocol)},
                                   {"reason", reason.message}});
        if (reason.code != ErrorCode::connection_replaced) {
            attachments_.remember(model::ConnectionChange::ended, attachment, clock_.now().wall,
                                  reason.message);
        }
        attachment.events.ended(reason);
    }
}

}  // namespace restante::hub
