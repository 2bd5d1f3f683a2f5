// HubState's decisions about devices and modules.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "base/timestamp.hpp"
#include "core/hub_state.hpp"
#include "core/registry/scope_rules.hpp"
#include "model/limits.hpp"

namespace restante::core {

using model::DeviceId;
using model::DeviceIdentity;
using model::ModuleId;
using model::ModuleIdentity;

namespace {

constexpr std::array<std::string_view, 2> system_modules{"$edgeAgent", "$edgeHub"};

/// If-Match, against what is there.
template <class Identity>
Result<void> check_version(WriteCondition condition, const Identity& present,
                           std::string_view kind) {
    if (condition.kind != WriteCondition::Kind::update_if_version ||
        condition.version == present.version) {
        return {};
    }
    return fail(ErrorCode::precondition_failed,
                fmt::format("Precondition failed: {} version did not match, existingVersion:{} "
                            "newVersion:{}",
                            kind, present.version, condition.version));
}

Result<void> check_expected(std::optional<std::uint64_t> expected, std::uint64_t version) {
    if (!expected || *expected == version) return {};
    return fail(ErrorCode::precondition_failed, "PreconditionFailed, ETag may be invalid.");
}

Result<model::ModuleDefinition> complete_module(model::ModuleDefinition definition,
                                                FreshKeys fresh) {
    const auto& managed_by = definition.managed_by;
    if (managed_by && utf8_characters(*managed_by) > model::limits::managed_by_characters_max) {
        return fail(ErrorCode::argument_invalid,
                    fmt::format("managedBy has at most {} characters",
                                model::limits::managed_by_characters_max));
    }
    if (definition.id.is_system()) {
        definition.managed_by = "iotEdge";
    } else if (definition.authentication.type == model::AuthenticationType::none) {
        definition.authentication.type = model::AuthenticationType::sas;
    }
    if (auto checked = complete_authentication(definition.authentication, std::move(fresh));
        !checked) {
        return std::unexpected(checked.error());
    }
    return definition;
}

Result<void> check_module_room(const ModuleId& id, std::span<const ModuleIdentity> present) {
    if (id.is_system()) {
        return fail(ErrorCode::argument_invalid,
                    "a module id must not start with '$': the modules of an edge device come and "
                    "go with it");
    }
    const auto count =
        std::ranges::count_if(present, [](const auto& m) { return !m.id.is_system(); });
    if (static_cast<std::size_t>(count) < model::limits::modules_per_device_max) return {};
    return fail(ErrorCode::too_many_modules_on_device,
                fmt::format("the device has its maximum of {} modules",
                            model::limits::modules_per_device_max));
}

}  // namespace

// -- devices -------------------------------------------------------------------------------------

Result<DeviceIdentity> HubState::put_device(model::DeviceDefinition definition,
                                            WriteCondition condition, FreshKeys fresh, Now now,
                                            ChangeSet& changes) {
    Device* present = find_device(definition.id);
    if (present && condition.kind == WriteCondition::Kind::create_only) {
        return fail(
            ErrorCode::device_already_exists,
            fmt::format("A device with ID '{}' is already registered.", definition.id.value()));
    }
    if (!present && condition.kind != WriteCondition::Kind::create_only) {
        return fail(ErrorCode::device_not_found, definition.id.value());
    }
    const DeviceIdentity* const before = present ? &present->identity : nullptr;
    auto checked = before ? check_version(condition, *before, "Device") : check_room();
    if (!checked) return std::unexpected(checked.error());
    auto completed = complete_definition(std::move(definition), std::move(fresh));
    if (!completed) return std::unexpected(completed.error());
    std::string generation_id = before ? before->generation_id : next_generation(now);
    auto scopes = decide_scopes(*completed, before, generation_id,
                                [this](std::string_view scope) { return is_scope_of_edge(scope); });
    if (!scopes) return std::unexpected(scopes.error());

    DeviceIdentity identity{.id = std::move(completed->id),
                            .generation_id = std::move(generation_id),
                            .version = ++last_version_,
                            .status = completed->status,
                            .status_reason = std::move(completed->status_reason),
                            .status_updated_at = before ? before->status_updated_at : std::nullopt,
                            .authentication = std::move(completed->authentication),
                            .iot_edge = completed->iot_edge,
                            .device_scope = std::move(scopes->device),
                            .parent_scope = std::move(scopes->parent)};
    if (before && before->status != identity.status) identity.status_updated_at = now.wall;
    const bool was_edge = before && before->iot_edge;
    changes.push_back(PutDevice{.identity = identity});
    if (present) {
        counts_.enabled -= before->status == model::DeviceStatus::enabled;
        present->identity = identity;
    } else {
        DeviceId id = identity.id;
        present = &devices_.try_emplace(std::move(id), identity).first->second;
        ++counts_.devices;
    }
    counts_.enabled += identity.status == model::DeviceStatus::enabled;
    if (identity.iot_edge && !was_edge) put_system_modules(*present, now, changes);
    if (was_edge && !identity.iot_edge) delete_system_modules(*present, changes);
    return identity;
}

Result<void> HubState::delete_device(const DeviceId& id, std::optional<std::uint64_t> expected,
                                     ChangeSet& changes) {
    const auto found = require(id);
    if (!found) return std::unexpected(found.error());
    Device& device = **found;
    if (auto checked = check_expected(expected, device.identity.version); !checked) return checked;
    expiries_.move(&device, device.expiry, std::nullopt);
    lock_ends_.move(&device, device.lock_end, std::nullopt);
    changes.push_back(DeleteDevice{.device = id});
    feedback_.forget(id, changes);
    --counts_.devices;
    counts_.enabled -= device.identity.status == model::DeviceStatus::enabled;
    counts_.modules -= device.modules.all().size();
    devices_.erase(id);
    return {};
}

const DeviceIdentity* HubState::find(const DeviceId& id) const {
    const auto found = devices_.find(id);
    return found == devices_.end() ? nullptr : &found->second.identity;
}

std::size_t HubState::queue_size(const DeviceId& id) const {
    const auto found = devices_.find(id);
    return found == devices_.end() ? 0 : found->second.queue.size();
}

void HubState::visit(const DeviceId* from, const Visitor& visit) const {
    auto next = from ? devices_.lower_bound(*from) : devices_.begin();
    for (; next != devices_.end(); ++next) {
        if (!visit(next->second.identity, next->second.modules.all())) return;
    }
}

// -- modules -------------------------------------------------------------------------------------

Result<ModuleIdentity> HubState::put_module(model::ModuleDefinition definition,
                                            WriteCondition condition, FreshKeys fresh, Now now,
                                            ChangeSet& changes) {
    const auto device = require(definition.device);
    if (!device) return std::unexpected(device.error());
    auto& modules = (*device)->modules;
    const ModuleIdentity* const present = modules.find(definition.id);
    if (present && condition.kind == WriteCondition::Kind::create_only) {
        return fail(ErrorCode::module_already_exists_on_device,
                    fmt::format("Device {} already contains Module {}.", definition.device.value(),
                                definition.id.value()));
    }
    if (!present && condition.kind != WriteCondition::Kind::create_only) {
        return fail(ErrorCode::module_not_found, definition.id.value());
    }
    auto checked = present ? check_version(condition, *present, "Module")
                           : check_module_room(definition.id, modules.all());
    if (checked && !present) checked = check_room();
    if (!checked) return std::unexpected(checked.error());
    auto completed = complete_module(std::move(definition), std::move(fresh));
    if (!completed) return std::unexpected(completed.error());

    if (!present) ++counts_.modules;
    ModuleIdentity module{.id = std::move(completed->id),
                          .generation_id = present ? present->generation_id : next_generation(now),
                          .version = ++last_version_,
                          .managed_by = std::move(completed->managed_by),
                          .authentication = std::move(completed->authentication)};
    changes.push_back(PutModule{.device = completed->device, .identity = module});
    modules.put(module);
    return module;
}

Result<void> HubState::delete_module(const DeviceId& id, const ModuleId& module,
                                     std::optional<std::uint64_t> expected, ChangeSet& changes) {
    const auto device = require(id);
    if (!device) return std::unexpected(device.error());
    const ModuleIdentity* const present = (*device)->modules.find(module);
    if (!present) return fail(ErrorCode::module_not_found, module.value());
    if (module.is_system()) {
        return fail(ErrorCode::system_module_modify_unauthorized,
                    "the modules of an edge device come and go with it");
    }
    if (auto checked = check_expected(expected, present->version); !checked) return checked;
    changes.push_back(DeleteModule{.device = id, .module = module});
    (*device)->modules.remove(module);
    --counts_.modules;
    return {};
}

const ModuleIdentity* HubState::find(const DeviceId& id, const ModuleId& module) const {
    const auto found = devices_.find(id);
    return found == devices_.end() ? nullptr : found->second.modules.find(module);
}

std::span<const ModuleIdentity> HubState::modules(const DeviceId& id) const {
    const auto found = devices_.find(id);
    if (found == devices_.end()) return {};
    return found->second.modules.all();
}

// -- inside --------------------------------------------------------------------------------------

Result<void> HubState::check_room() const {
    if (counts_.devices + counts_.modules < model::limits::identities_max) return {};
    return fail(ErrorCode::too_many_devices,
                fmt::format("the hub holds its maximum of {} devices and modules",
                            model::limits::identities_max));
}

bool HubState::is_scope_of_edge(std::string_view scope) const {
    const auto id = device_of_scope(scope);
    const DeviceIdentity* const identity = id ? find(*id) : nullptr;
    return identity && identity->iot_edge && identity->device_scope == scope;
}

void HubState::put_system_modules(Device& device, Now now, ChangeSet& changes) {
    for (const auto name : system_modules) {
        ModuleIdentity module{.id = ModuleId::parse(name).value(),
                              .generation_id = next_generation(now),
                              .version = ++last_version_,
                              .managed_by = "iotEdge",
                              .authentication = {.type = model::AuthenticationType::none}};
        changes.push_back(PutModule{.device = device.identity.id, .identity = module});
        device.modules.put(std::move(module));
        ++counts_.modules;
    }
}

void HubState::delete_system_modules(Device& device, ChangeSet& changes) {
    for (const auto name : system_modules) {
        const ModuleId id = ModuleId::parse(name).value();
        if (!device.modules.find(id)) continue;
        changes.push_back(DeleteModule{.device = device.identity.id, .module = id});
        device.modules.remove(id);
        --counts_.modules;
    }
}

/// The service's form: ticks of 100 ns since the year 1. Always above the last one, so that a
/// device deleted and created within a millisecond still gets a new life.
std::string HubState::next_generation(Now now) {
    constexpr std::int64_t ticks_at_unix_epoch = 621'355'968'000'000'000;
    const std::int64_t ticks = unix_milliseconds(now.wall) * 10'000 + ticks_at_unix_epoch;
    last_generation_ = std::max(last_generation_ + 1, ticks);
    return fmt::to_string(last_generation_);
}

}  // namespace restante::core
