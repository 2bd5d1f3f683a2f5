#include "core/registry/scope_rules.hpp"

#include <fmt/format.h>

namespace restante::core {
namespace {

constexpr std::string_view scheme = "ms-azure-iot-edge://";

std::string make_scope(const model::DeviceId& id, std::string_view generation_id) {
    return fmt::format("{}{}-{}", scheme, id.value(), generation_id);
}

Result<void> check_parent(std::string_view parent, std::string_view before,
                          const ScopeExists& exists) {
    if (parent.empty() || parent == before || exists(parent)) return {};
    return fail(ErrorCode::invalid_device_scope,
                "the scope of the parent is none of an edge device of this hub");
}

Result<Scopes> decide_edge_scopes(const model::DeviceDefinition& definition,
                                  const model::DeviceIdentity* present,
                                  std::string_view generation_id, const ScopeExists& exists) {
    Scopes scopes{.device = {}, .parent = definition.parent_scope.value_or("")};
    if (!present) {
        scopes.device = make_scope(definition.id, generation_id);
    } else if (!present->iot_edge) {
        // As the service does it: who was a device before has no generation in its scope.
        scopes.device = make_scope(definition.id, "");
    } else if (definition.device_scope == present->device_scope) {
        scopes.device = present->device_scope;
    } else {
        return fail(ErrorCode::argument_invalid, "Device scope is immutable");
    }
    if (scopes.parent == scopes.device) {
        return fail(ErrorCode::invalid_device_scope, "an edge device cannot be its own parent");
    }
    const std::string_view before = present ? std::string_view(present->parent_scope) : "";
    if (auto checked = check_parent(scopes.parent, before, exists); !checked) {
        return std::unexpected(checked.error());
    }
    return scopes;
}

}  // namespace

Result<Scopes> decide_scopes(const model::DeviceDefinition& definition,
                             const model::DeviceIdentity* present, std::string_view generation_id,
                             const ScopeExists& exists) {
    if (definition.iot_edge) {
        return decide_edge_scopes(definition, present, generation_id, exists);
    }
    // No edge device any more: whatever it still says of scopes was about what it was.
    if (present && present->iot_edge) return Scopes{};
    const std::string parent = definition.device_scope.value_or("");
    const std::string_view before = present ? std::string_view(present->parent_scope) : "";
    if (auto checked = check_parent(parent, before, exists); !checked) {
        return std::unexpected(checked.error());
    }
    return Scopes{.device = parent, .parent = parent};
}

std::optional<model::DeviceId> device_of_scope(std::string_view scope) {
    if (!scope.starts_with(scheme)) return std::nullopt;
    scope.remove_prefix(scheme.size());
    // Ids may hold hyphens, generations do not.
    const auto end = scope.rfind('-');
    if (end == std::string_view::npos) return std::nullopt;
    auto id = model::DeviceId::parse(scope.substr(0, end));
    return id ? std::optional(std::move(*id)) : std::nullopt;
}

}  // namespace restante::core
