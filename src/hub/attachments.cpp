#include "hub/attachments.hpp"

namespace restante::hub {

std::optional<std::pair<AttachmentId, Attachments::Attachment>> Attachments::add(
    AttachmentId id, Attachment attachment, WallTime now) {
    std::optional<std::pair<AttachmentId, Attachment>> replaced;
    const auto [first, last] = by_device_.equal_range(attachment.device);
    for (auto entry = first; entry != last; ++entry) {
        const auto other = attachments_.find(entry->second.value);
        if (other->second.protocol != attachment.protocol) continue;
        const AttachmentId other_id = entry->second;
        replaced.emplace(other_id, *remove(other_id, now));
        break;
    }
    Observed& observed = observed_[attachment.device];
    if (!observed.connected) {
        observed = {.connected = true, .changed_at = now, .active_at = now};
        ++connected_devices_;
    }
    observed.active_at = now;
    by_device_.emplace(attachment.device, id);
    attachments_.emplace(id.value, std::move(attachment));
    return replaced;
}

std::optional<Attachments::Attachment> Attachments::remove(AttachmentId id, WallTime now) {
    const auto found = attachments_.find(id.value);
    if (found == attachments_.end()) return std::nullopt;
    Attachment attachment = std::move(found->second);
    attachments_.erase(found);
    const auto [first, last] = by_device_.equal_range(attachment.device);
    for (auto entry = first; entry != last; ++entry) {
        if (entry->second == id) {
            by_device_.erase(entry);
            break;
        }
    }
    if (!by_device_.contains(attachment.device)) {
        observed_[attachment.device] = {.connected = false, .changed_at = now, .active_at = now};
        --connected_devices_;
    }
    return attachment;
}

std::vector<std::pair<AttachmentId, Attachments::Attachment>> Attachments::remove_device(
    const model::DeviceId& device, WallTime now) {
    std::vector<std::pair<AttachmentId, Attachment>> removed;
    for (auto entry = by_device_.find(device); entry != by_device_.end();
         entry = by_device_.find(device)) {
        const AttachmentId id = entry->second;
        removed.emplace_back(id, *remove(id, now));
    }
    return removed;
}

const Attachments::Attachment* Attachments::find(AttachmentId id) const {
    const auto found = attachments_.find(id.value);
    return found == attachments_.end() ? nullptr : &found->second;
}

void Attachments::wake(const model::DeviceId& device) const {
    const auto [first, last] = by_device_.equal_range(device);
    for (auto entry = first; entry != last; ++entry) {
        attachments_.at(entry->second.value).events.message_available();
    }
}

Attachments::Observed Attachments::observe(const model::DeviceId& device) const {
    const auto found = observed_.find(device);
    return found == observed_.end() ? Observed{} : found->second;
}

}  // namespace restante::hub
