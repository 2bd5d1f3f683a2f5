#pragma once
// Identities in files: one JSON object a line, in the shape of Azure's ExportImportDevice. Both
// directions hold a page of them at a time, however many there are.

#include <string>

#include "restante/service/iothub_registry_manager.hpp"

namespace restante::cli {

struct ImportOptions {
    std::string file;    ///< "-": the standard input
    std::string errors;  ///< file for what failed, one JSON object a line; empty: standard error
    std::string mode;    ///< in place of what the lines say; empty: as they say
};

/// Sends the file's identities in bulk requests, in their order. Lines that say no importMode mean
/// createOrUpdate, so that a run that was cut short may be made again.
///
/// Throws std::runtime_error when some were not done, after all were tried.
void import_identities(IoTHubRegistryManager& manager, const ImportOptions& options);

struct ExportOptions {
    std::string file;  ///< "-": the standard output
    bool with_keys = true;
};

/// Writes all devices, then all their modules. A file appears when it is complete, readable by its
/// owner alone.
void export_identities(IoTHubRegistryManager& manager, const ExportOptions& options);

}  // namespace restante::cli
