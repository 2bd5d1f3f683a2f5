#include "hub/registry.hpp"

#include "base/encoding.hpp"
#include "base/random.hpp"
#include "hub/hub.hpp"

namespace restante::hub {
namespace {

constexpr std::size_t fresh_key_bytes = 32;

core::FreshKeys fresh_keys() {
    return {.primary = to_base64(random_bytes(fresh_key_bytes)),
            .secondary = to_base64(random_bytes(fresh_key_bytes))};
}

model::DeviceDefinition definition_of(const model::DeviceIdentity& device) {
    return {.id = device.id,
            .status = device.status,
            .status_reason = device.status_reason,
            .authentication = device.authentication,
            .iot_edge = device.iot_edge,
            .device_scope = device.device_scope,
            .parent_scope = device.parent_scope};
}

}  // namespace

/// The shape of every operation here: decide, commit, answer. There is nobody to wake.
template <class T, class Decide>
void Registry::answer_after_commit(Answer<T> answer, Decide decide) {
    hub_.on_loop([this, answer = std::move(answer), decide = std::move(decide)]() mutable {
        core::ChangeSet changes;
        Result<T> result = decide(changes);
        hub_.commit(std::move(changes), answer_once_stored(std::move(answer), std::move(result)));
    });
}

// -- devices -------------------------------------------------------------------------------------

void Registry::put_device(model::DeviceDefinition definition, core::WriteCondition condition,
                          Answer<model::DeviceDescription> answer) {
    answer_after_commit(std::move(answer),
                        [this, definition = std::move(definition), condition](
                            core::ChangeSet& changes) mutable -> Result<model::DeviceDescription> {
                            if (auto may = hub_.check_room(); !may)
                                return std::unexpected(may.error());
                            return put(std::move(definition), condition, changes);
                        });
}

void Registry::delete_device(model::DeviceId device, std::optional<std::uint64_t> expected_version,
                             Answer<void> answer) {
    answer_after_commit(std::move(answer), [this, device = std::move(device),
                                            expected_version](core::ChangeSet& changes) {
        if (auto may = hub_.disk_.check(); !may) return may;
        return remove(device, expected_version, changes);
    });
}

void Registry::find_device(model::DeviceId device, Answer<model::DeviceDescription> answer) {
    answer_after_commit(
        std::move(answer),
        [this, device = std::move(device)](core::ChangeSet&) -> Result<model::DeviceDescription> {
            const auto* identity = hub_.state_.find(device);
            if (!identity) return fail(ErrorCode::device_not_found, device.value());
            return describe(*identity);
        });
}

void Registry::list_devices(std::size_t max, std::optional<model::DeviceId> behind,
                            Answer<DeviceList> answer) {
    answer_after_commit(
        std::move(answer), [this, max, behind = std::move(behind)](core::ChangeSet&) {
            DeviceList list;
            hub_.state_.visit(behind ? &*behind : nullptr, [&](const auto& identity, auto) {
                if (identity.id == behind) return true;
                list.more = list.devices.size() == max;
                if (list.more) return false;
                list.devices.push_back(describe(identity));
                return true;
            });
            return list;
        });
}

// -- modules -------------------------------------------------------------------------------------

void Registry::put_module(model::ModuleDefinition definition, core::WriteCondition condition,
                          Answer<model::ModuleDescription> answer) {
    answer_after_commit(std::move(answer),
                        [this, definition = std::move(definition), condition](
                            core::ChangeSet& changes) mutable -> Result<model::ModuleDescription> {
                            if (auto may = hub_.check_room(); !may) {
                                return std::unexpected(may.error());
                            }
                            return put(std::move(definition), condition, changes);
                        });
}

void Registry::delete_module(model::DeviceId device, model::ModuleId module,
                             std::optional<std::uint64_t> expected_version, Answer<void> answer) {
    answer_after_commit(std::move(answer),
                        [this, device = std::move(device), module = std::move(module),
                         expected_version](core::ChangeSet& changes) {
                            if (auto may = hub_.disk_.check(); !may) return may;
                            return remove(device, module, expected_version, changes);
                        });
}

void Registry::find_module(model::DeviceId device, model::ModuleId module,
                           Answer<model::ModuleDescription> answer) {
    answer_after_commit(std::move(answer),
                        [this, device = std::move(device), module = std::move(module)](
                            core::ChangeSet&) -> Result<model::ModuleDescription> {
                            const auto* identity = hub_.state_.find(device);
                            if (!identity) return fail(ErrorCode::device_not_found, device.value());
                            const auto* found = hub_.state_.find(device, module);
                            if (!found) return fail(ErrorCode::module_not_found, module.value());
                            return describe(*identity, *found);
                        });
}

void Registry::list_modules(model::DeviceId device,
                            Answer<std::vector<model::ModuleDescription>> answer) {
    answer_after_commit(std::move(answer),
                        [this, device = std::move(device)](
                            core::ChangeSet&) -> Result<std::vector<model::ModuleDescription>> {
                            const auto* identity = hub_.state_.find(device);
                            if (!identity) return fail(ErrorCode::device_not_found, device.value());
                            std::vector<model::ModuleDescription> modules;
                            for (const auto& module : hub_.state_.modules(device)) {
                                modules.push_back(describe(*identity, module));
                            }
                            return modules;
                        });
}

// -- many ----------------------------------------------------------------------------------------

void Registry::apply(std::vector<model::RegistryWrite> writes,
                     Answer<std::vector<FailedWrite>> answer) {
    answer_after_commit(std::move(answer),
                        [this, writes = std::move(writes)](
                            core::ChangeSet& changes) mutable -> Result<std::vector<FailedWrite>> {
                            auto admitted = hub_.check_room();
                            if (admitted) {
                                admitted =
                                    hub_.check_throttle(core::Operation::registry, writes.size());
                            }
                            if (!admitted) return std::unexpected(admitted.error());
                            std::vector<FailedWrite> failed;
                            for (auto& entry : writes) {
                                FailedWrite as_failed{.device = entry.device.id,
                                                      .module = entry.module,
                                                      .error = Error(ErrorCode::server_error, "")};
                                if (auto written = write(entry, changes); !written) {
                                    as_failed.error = written.error();
                                    failed.push_back(std::move(as_failed));
                                }
                            }
                            return failed;
                        });
}

void Registry::rotate_keys(model::KeyRotation rotation, Answer<std::vector<RotatedKeys>> answer) {
    answer_after_commit(std::move(answer),
                        [this, rotation = std::move(rotation)](
                            core::ChangeSet& changes) -> Result<std::vector<RotatedKeys>> {
                            auto admitted = hub_.disk_.check();
                            if (admitted) {
                                admitted = hub_.check_throttle(core::Operation::registry,
                                                               rotation.places.size());
                            }
                            if (!admitted) return std::unexpected(admitted.error());
                            std::vector<RotatedKeys> rotated;
                            for (const auto& place : rotation.places) {
                                rotated.push_back({.device = place.device,
                                                   .module = place.module,
                                                   .keys = rotate(rotation.which, place, changes)});
                            }
                            return rotated;
                        });
}

void Registry::count(Answer<RegistryCounts> answer) {
    answer_after_commit(std::move(answer), [this](core::ChangeSet&) {
        const auto& counts = hub_.state_.counts();
        return RegistryCounts{.devices = counts.devices,
                              .enabled = counts.enabled,
                              .connected = hub_.attachments_.connected_devices()};
    });
}

void Registry::list_connection_events(std::optional<model::DeviceId> device, std::size_t max,
                                      Answer<std::vector<model::ConnectionEvent>> answer) {
    hub_.on_loop([this, device = std::move(device), max, answer = std::move(answer)]() mutable {
        answer(hub_.attachments_.history().latest(device, max));
    });
}

// -- inside --------------------------------------------------------------------------------------

Result<model::DeviceDescription> Registry::put(model::DeviceDefinition definition,
                                               core::WriteCondition condition,
                                               core::ChangeSet& changes) {
    std::optional<model::DeviceIdentity> before;
    if (const auto* present = hub_.state_.find(definition.id)) before = *present;
    const std::size_t first = changes.size();
    auto identity = hub_.state_.put_device(std::move(definition), condition, fresh_keys(),
                                           hub_.clock_.now(), changes);
    if (!identity) return std::unexpected(identity.error());
    if (before) end_what_lost_its_proof(*before, *identity, changes);
    end_deleted_modules(first, changes);
    return describe(std::move(*identity));
}

Result<void> Registry::write(model::RegistryWrite& entry, core::ChangeSet& changes) {
    using Mode = model::ImportMode;
    using Kind = core::WriteCondition::Kind;
    if (entry.mode == Mode::remove || entry.mode == Mode::remove_if_match_etag) {
        if (!entry.module) return remove(entry.device.id, entry.version, changes);
        return remove(entry.device.id, *entry.module, entry.version, changes);
    }
    const bool update =
        entry.mode == Mode::create_or_update ? is_there(entry) : entry.mode != Mode::create;
    core::WriteCondition condition{.kind = update ? Kind::update_any : Kind::create_only};
    if (entry.version) condition = {.kind = Kind::update_if_version, .version = *entry.version};
    if (!entry.module) {
        auto done = put(std::move(entry.device), condition, changes);
        return done ? Result<void>() : std::unexpected(done.error());
    }
    auto done =
        put(model::ModuleDefinition{.device = std::move(entry.device.id),
                                    .id = *std::move(entry.module),
                                    .managed_by = std::move(entry.managed_by),
                                    .authentication = std::move(entry.device.authentication)},
            condition, changes);
    return done ? Result<void>() : std::unexpected(done.error());
}

/// An update of nothing but the keys.
Result<model::SymmetricKey> Registry::rotate(model::WhichKeys which, const model::KeyPlace& place,
                                             core::ChangeSet& changes) {
    const auto* const device = hub_.state_.find(place.device);
    if (!device) return fail(ErrorCode::device_not_found, place.device.value());
    model::RegistryWrite entry{.mode = model::ImportMode::update,
                               .device = definition_of(*device),
                               .module = place.module};
    auto& authentication = entry.device.authentication;
    if (place.module) {
        const auto* const module = hub_.state_.find(place.device, *place.module);
        if (!module) return fail(ErrorCode::module_not_found, place.module->value());
        entry.managed_by = module->managed_by;
        authentication = module->authentication;
    }
    if (authentication.type != model::AuthenticationType::sas) {
        return fail(ErrorCode::argument_invalid,
                    "only an identity with authentication.type sas has keys to make anew");
    }
    auto fresh = fresh_keys();
    auto& keys = authentication.symmetric_key;
    if (which != model::WhichKeys::secondary) keys.primary = std::move(fresh.primary);
    if (which != model::WhichKeys::primary) keys.secondary = std::move(fresh.secondary);
    const model::SymmetricKey rotated = keys;
    auto written = write(entry, changes);
    return written ? Result<model::SymmetricKey>(rotated) : std::unexpected(written.error());
}

bool Registry::is_there(const model::RegistryWrite& entry) const {
    return entry.module ? hub_.state_.find(entry.device.id, *entry.module) != nullptr
                        : hub_.state_.find(entry.device.id) != nullptr;
}

Result<void> Registry::remove(const model::DeviceId& device, std::optional<std::uint64_t> expected,
                              core::ChangeSet& changes) {
    if (auto removed = hub_.state_.delete_device(device, expected, changes); !removed) {
        return removed;
    }
    end_all(device, Error(ErrorCode::device_not_found, "the device was deleted"), changes);
    hub_.attachments_.forget(device);
    return {};
}

Result<model::ModuleDescription> Registry::put(model::ModuleDefinition definition,
                                               core::WriteCondition condition,
                                               core::ChangeSet& changes) {
    const model::DeviceId device = definition.device;
    std::optional<model::ModuleIdentity> before;
    if (const auto* present = hub_.state_.find(device, definition.id)) before = *present;
    auto module = hub_.state_.put_module(std::move(definition), condition, fresh_keys(),
                                         hub_.clock_.now(), changes);
    if (!module) return std::unexpected(module.error());
    if (before) end_what_lost_its_proof(device, *before, *module, changes);
    return describe(*hub_.state_.find(device), *std::move(module));
}

Result<void> Registry::remove(const model::DeviceId& device, const model::ModuleId& module,
                              std::optional<std::uint64_t> expected, core::ChangeSet& changes) {
    auto removed = hub_.state_.delete_module(device, module, expected, changes);
    if (removed) end_module(device, module, changes);
    return removed;
}

model::DeviceDescription Registry::describe(model::DeviceIdentity identity) const {
    const auto observed = hub_.attachments_.observe(identity.id);
    const std::size_t waiting = hub_.state_.queue_size(identity.id);
    return {.identity = std::move(identity),
            .connected = observed.connected,
            .connection_state_updated_at = observed.changed_at,
            .last_activity_at = observed.active_at,
            .cloud_to_device_message_count = waiting};
}

model::ModuleDescription Registry::describe(const model::DeviceIdentity& device,
                                            model::ModuleIdentity module) const {
    const auto observed = hub_.attachments_.observe(device.id, module.id);
    return {.device = device.id,
            .device_status = device.status,
            .identity = std::move(module),
            .connected = observed.connected,
            .connection_state_updated_at = observed.changed_at,
            .last_activity_at = observed.active_at};
}

}  // namespace restante::hub
