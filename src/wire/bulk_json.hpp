#pragma once
// The JSON of bulk requests: POST /devices with up to 100 entries, and what it answers.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/registry_write.hpp"

namespace restante::wire {

/// Bytes of a request or an answer; a hundred full identities have a third of it.
inline constexpr std::size_t bulk_json_bytes_max = 1024 * 1024;

/// One entry as it was sent. An entry that asks for nonsense is its own failure, not its
/// neighbours'.
struct BulkEntry {
    std::string device_id;
    std::string module_id;  ///< empty for a device
    Result<model::RegistryWrite> write;
};

struct BulkFailure {
    std::string device_id;
    std::string module_id;
    Error error;

    bool operator==(const BulkFailure&) const = default;
};

/// Errors: argument_invalid (no array of objects with ids), too_many_devices (beyond 100),
/// device_defined_multiple_times (decided on the device id alone, as the service does).
Result<std::vector<BulkEntry>> bulk_from_json(std::string_view body);

/// {"isSuccessful":true,"errors":[],"warnings":[]}
std::string bulk_result_json(std::span<const BulkFailure> failures);

// The service client's side.

/// Errors: malformed.
Result<std::vector<BulkFailure>> bulk_result_from_json(std::string_view body);

}  // namespace restante::wire
