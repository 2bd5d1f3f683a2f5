#pragma once
// The JSON of POST /devices/keys/regenerate:
//
//     {"policyKey":"primaryKey","devices":[{"id":"d1"},{"id":"d2","moduleId":"m"}]}

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/key_rotation.hpp"
#include "wire/bulk_json.hpp"

namespace restante::wire {

/// What can be asked of the hub, and the places whose ids are none.
struct RotationRequest {
    model::KeyRotation rotation;
    std::vector<BulkFailure> failures;
};

/// Errors: argument_invalid (no array of objects with ids), invalid_policy_key, too_many_devices
/// (beyond 100), device_defined_multiple_times (the same device or the same module twice).
Result<RotationRequest> rotation_from_json(std::string_view body);

struct RotatedKeys {
    std::string device_id;
    std::string module_id;  ///< empty for a device
    model::SymmetricKey keys;
};

/// {"policyKey":"both","rotatedKeys":[...],"errors":[...]}
std::string rotation_result_json(model::WhichKeys which, std::span<const RotatedKeys> rotated,
                                 std::span<const BulkFailure> failures);

}  // namespace restante::wire
