// What stands on the proof of a device or module, and ends with it.

#include "hub/hub.hpp"
#include "hub/registry.hpp"

namespace restante::hub {
namespace {

Error credentials_changed() {
    return Error(ErrorCode::unauthorized, "its credentials changed");
}

}  // namespace

Result<void> Registry::check_proof(const model::DeviceId& id,
                                   const std::optional<model::ModuleId>& module_id,
                                   std::uint64_t proved_version) const {
    const auto* device = hub_.state_.find(id);
    if (!device) {
        return fail(ErrorCode::device_not_found, "the device was deleted while it connected");
    }
    if (device->status == model::DeviceStatus::disabled) {
        return fail(ErrorCode::device_disabled, "the device is disabled");
    }
    std::uint64_t version = device->version;
    if (module_id) {
        const auto* module = hub_.state_.find(id, *module_id);
        if (!module) {
            return fail(ErrorCode::module_not_found, "the module was deleted while it connected");
        }
        version = module->version;
    }
    if (version != proved_version) {
        return fail(ErrorCode::unauthorized, "the identity changed while the device connected");
    }
    return {};
}

IdentityWatch Registry::watch(WatchRequest request) {
    const std::uint64_t id = next_watch_.fetch_add(1);
    hub_.on_loop([this, id, request = std::move(request)]() mutable {
        const auto checked = check_proof(request.device, request.module, request.identity_version);
        if (!checked) return request.ended(checked.error());
        watches_.add(id, request.device, request.module, std::move(request.ended));
    });
    return {*this, id};
}

void Registry::unwatch(std::uint64_t watch) {
    hub_.on_loop([this, watch] { watches_.remove(watch); });
}

/// An edge device's own modules go when it is one no more.
void Registry::end_deleted_modules(std::size_t first, core::ChangeSet& changes) {
    for (std::size_t i = first; i < changes.size(); ++i) {
        const auto* deleted = std::get_if<core::DeleteModule>(&changes[i]);
        if (!deleted) continue;
        const auto [device, module] = *deleted;  // the set grows below
        end_module(device, module, changes);
    }
}

void Registry::end_module(const model::DeviceId& device, const model::ModuleId& module,
                          core::ChangeSet& changes) {
    end_of(device, module, Error(ErrorCode::module_not_found, "the module was deleted"), changes);
    hub_.attachments_.forget(device, module);
}

/// Whatever stands on a proof that no longer holds goes at once: sessions, links, and the locks of
/// a receiver that did not stay. The device was disabled, which its modules are with it, or its own
/// keys changed.
void Registry::end_what_lost_its_proof(const model::DeviceIdentity& before,
                                       const model::DeviceIdentity& after,
                                       core::ChangeSet& changes) {
    const bool disabled = after.status == model::DeviceStatus::disabled;
    if (!disabled && before.authentication == after.authentication) return;
    if (disabled) {
        end_all(after.id, Error(ErrorCode::device_disabled, "the device was disabled"), changes);
    } else {
        end_of(after.id, std::nullopt, credentials_changed(), changes);
    }
    hub_.state_.release(after.id, AttachmentId{}, hub_.clock_.now(), changes);
}

void Registry::end_what_lost_its_proof(const model::DeviceId& device,
                                       const model::ModuleIdentity& before,
                                       const model::ModuleIdentity& after,
                                       core::ChangeSet& changes) {
    if (before.authentication == after.authentication) return;
    end_of(device, after.id, credentials_changed(), changes);
}

void Registry::end_all(const model::DeviceId& device, const Error& reason,
                       core::ChangeSet& changes) {
    hub_.end(hub_.attachments_.remove_all(device, hub_.clock_.now().wall), reason, changes);
    for (const auto& ended : watches_.take_all(device)) ended(reason);
}

void Registry::end_of(const model::DeviceId& device, const std::optional<model::ModuleId>& module,
                      const Error& reason, core::ChangeSet& changes) {
    hub_.end(hub_.attachments_.remove_of(device, module, hub_.clock_.now().wall), reason, changes);
    for (const auto& ended : watches_.take_of(device, module)) ended(reason);
}

}  // namespace restante::hub
