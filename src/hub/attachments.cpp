#include "hub/attachments.hpp"

namespace restante::hub {

std::string_view name(Protocol protocol) {
    switch (protocol) {
        case Protocol::mqtt:
            return "mqtt";
        case Protocol::amqp:
            return "amqp";
        case Protocol::https:
            return "https";
    }
    return "unknown";
}

std::optional<std::pair<AttachmentId, Attachments::Attachment>> Attachments::add(
    AttachmentId id, Attachment attachment, WallTime now) {
    std::optional<std::pair<AttachmentId, Attachment>> replaced;
    const Client client{attachment.device, attachment.module};
    const auto [first, last] = by_client_.equal_range(client);
    for (auto entry = first; entry != last; ++entry) {
        const auto other = attachments_.find(entry->second.value);
        if (other->second.protocol != attachment.protocol) continue;
        const AttachmentId other_id = entry->second;
        replaced.emplace(other_id, *remove(other_id, now));
        break;
    }
    Observed& observed = observed_[client];
    if (!observed.connected) {
        observed = {.connected = true, .changed_at = now, .active_at = now};
        connected_devices_ += !client.second;
    }
    observed.active_at = now;
    by_client_.emplace(client, id);
    attachments_.emplace(id.value, std::move(attachment));
    return replaced;
}

std::optional<Attachments::Attachment> Attachments::remove(AttachmentId id, WallTime now) {
    const auto found = attachments_.find(id.value);
    if (found == attachments_.end()) return std::nullopt;
    Attachment attachment = std::move(found->second);
    attachments_.erase(found);
    const Client client{attachment.device, attachment.module};
    const auto [first, last] = by_client_.equal_range(client);
    for (auto entry = first; entry != last; ++entry) {
        if (entry->second == id) {
            by_client_.erase(entry);
            break;
        }
    }
    if (!by_client_.contains(client)) {
        observed_[client] = {.connected = false, .changed_at = now, .active_at = now};
        connected_devices_ -= !client.second;
    }
    return attachment;
}

Attachments::Removed Attachments::remove_all(const model::DeviceId& device, WallTime now) {
    Removed removed;
    const Client first{device, std::nullopt};
    for (auto entry = by_client_.lower_bound(first);
         entry != by_client_.end() && entry->first.first == device;
         entry = by_client_.lower_bound(first)) {
        const AttachmentId id = entry->second;
        removed.emplace_back(id, *remove(id, now));
    }
    return removed;
}

Attachments::Removed Attachments::remove_of(const model::DeviceId& device,
                                            const std::optional<model::ModuleId>& module,
                                            WallTime now) {
    Removed removed;
    const Client client{device, module};
    for (auto entry = by_client_.find(client); entry != by_client_.end();
         entry = by_client_.find(client)) {
        const AttachmentId id = entry->second;
        removed.emplace_back(id, *remove(id, now));
    }
    return removed;
}

void Attachments::forget(const model::DeviceId& device) {
    auto entry = observed_.lower_bound({device, std::nullopt});
    while (entry != observed_.end() && entry->first.first == device) entry = observed_.erase(entry);
}

Attachments::Attachment* Attachments::find(AttachmentId id) {
    const auto found = attachments_.find(id.value);
    return found == attachments_.end() ? nullptr : &found->second;
}

std::optional<AttachmentId> Attachments::wake(const model::DeviceId& device) const {
    const auto [first, last] = by_client_.equal_range({device, std::nullopt});
    for (auto entry = first; entry != last; ++entry) {
        attachments_.at(entry->second.value).events.message_available();
    }
    return first == last ? std::nullopt : std::optional(first->second);
}

void Attachments::wake_all() const {
    for (const auto& [client, id] : by_client_) {
        if (!client.second) attachments_.at(id.value).events.message_available();
    }
}

Attachments::Observed Attachments::observe(const model::DeviceId& device,
                                           const std::optional<model::ModuleId>& module) const {
    const auto found = observed_.find({device, module});
    return found == observed_.end() ? Observed{} : found->second;
}

void Attachments::remember(model::ConnectionChange change, const Attachment& attachment,
                           WallTime now, std::string reason) {
    history_.add({.at = now,
                  .device = attachment.device,
                  .module = attachment.module,
                  .protocol = name(attachment.protocol),
                  .change = change,
                  .peer = attachment.peer,
                  .connected_since = attachment.since,
                  .reason = std::move(reason)});
}

}  // namespace restante::hub
