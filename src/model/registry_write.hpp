#pragma once
// One entry of a bulk request or of an import: what is to become of one identity.

#include "model/module_identity.hpp"

namespace restante::model {

/// `importMode`, but for those of twins. `create_or_update` is what the service has for files only.
enum class ImportMode : std::uint8_t {
    create,
    create_or_update,
    update,
    update_if_match_etag,
    remove,
    remove_if_match_etag
};

struct RegistryWrite {
    ImportMode mode = ImportMode::create;
    /// What the two modes with a tag expect; nullopt for any.
    std::optional<std::uint64_t> version;
    /// Of a module only `id` and `authentication` count.
    DeviceDefinition device;
    std::optional<ModuleId> module;
    std::optional<std::string> managed_by;
};

}  // namespace restante::model
