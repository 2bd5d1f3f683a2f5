// The hub's registry operations: Hub's methods about identities.

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

}  // namespace

void Hub::put_device(model::DeviceDefinition definition, core::WriteCondition condition,
                     Answer<model::DeviceDescription> answer) {
    on_loop([this, definition = std::move(definition), condition,
             answer = std::move(answer)]() mutable {
        core::ChangeSet changes;
        std::optional<model::DeviceIdentity> before;
        if (const auto* present = state_.find(definition.id)) before = *present;
        auto identity = state_.put_device(std::move(definition), condition, fresh_keys(),
                                          clock_.now(), changes);
        auto result = identity ? Result<model::DeviceDescription>(describe(std::move(*identity)))
                               : std::unexpected(identity.error());
        if (before && result) end_what_lost_its_proof(*before, result->identity, changes);
        commit(std::move(changes),
               [answer = std::move(answer), result = std::move(result)]() mutable {
                   answer(std::move(result));
               });
    });
}

void Hub::delete_device(model::DeviceId device, std::optional<std::uint64_t> expected_version,
                        Answer<void> answer) {
    on_loop(
        [this, device = std::move(device), expected_version, answer = std::move(answer)]() mutable {
            core::ChangeSet changes;
            auto result = state_.delete_device(device, expected_version, changes);
            if (result) {
                end(attachments_.remove_device(device, clock_.now().wall),
                    Error(ErrorCode::device_not_found, "the device was deleted"), changes);
                attachments_.forget(device);
            }
            commit(std::move(changes),
                   [answer = std::move(answer), result]() mutable { answer(std::move(result)); });
        });
}

void Hub::find_device(model::DeviceId device, Answer<model::DeviceDescription> answer) {
    on_loop([this, device = std::move(device), answer = std::move(answer)]() mutable {
        const auto* identity = state_.find(device);
        Result<model::DeviceDescription> result =
            identity ? Result<model::DeviceDescription>(describe(*identity))
                     : fail(ErrorCode::device_not_found, device.value());
        commit({}, [answer = std::move(answer), result = std::move(result)]() mutable {
            answer(std::move(result));
        });
    });
}

void Hub::list_devices(std::size_t max, Answer<std::vector<model::DeviceDescription>> answer) {
    on_loop([this, max, answer = std::move(answer)]() mutable {
        std::vector<model::DeviceDescription> devices;
        for (auto& identity : state_.list(max)) devices.push_back(describe(std::move(identity)));
        commit({}, [answer = std::move(answer), devices = std::move(devices)]() mutable {
            answer(std::move(devices));
        });
    });
}

/// Sessions whose proof no longer holds go at once: the device was disabled, or its keys changed.
void Hub::end_what_lost_its_proof(const model::DeviceIdentity& before,
                                  const model::DeviceIdentity& after, core::ChangeSet& changes) {
    const bool disabled = after.status == model::DeviceStatus::disabled;
    if (!disabled && before.authentication == after.authentication) return;
    const Error reason = disabled
                             ? Error(ErrorCode::device_disabled, "the device was disabled")
                             : Error(ErrorCode::unauthorized, "the device's credentials changed");
    end(attachments_.remove_device(after.id, clock_.now().wall), reason, changes);
}

model::DeviceDescription Hub::describe(model::DeviceIdentity identity) const {
    const auto observed = attachments_.observe(identity.id);
    const std::size_t waiting = state_.queue_size(identity.id);
    return {.identity = std::move(identity),
            .connected = observed.connected,
            .connection_state_updated_at = observed.changed_at,
            .last_activity_at = observed.changed_at,
            .cloud_to_device_message_count = waiting};
}

}  // namespace restante::hub
