#pragma once
// A device as the identity registry knows it.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "model/device_id.hpp"

namespace restante::model {

enum class DeviceStatus : std::uint8_t { enabled, disabled };

/// `none` is for the system modules of an edge device, until it gives them a key.
enum class AuthenticationType : std::uint8_t { sas, self_signed, certificate_authority, none };

/// Both keys as base64 text, echoed byte for byte; empty when the type is not `sas`.
struct SymmetricKey {
    std::string primary;
    std::string secondary;

    bool operator==(const SymmetricKey&) const = default;
};

/// SHA-1 or SHA-256 fingerprints of a device's own certificates, as hex text in the sender's case.
struct X509Thumbprint {
    std::optional<std::string> primary;
    std::optional<std::string> secondary;

    bool operator==(const X509Thumbprint&) const = default;
};

struct AuthenticationMechanism {
    AuthenticationType type = AuthenticationType::sas;
    SymmetricKey symmetric_key;
    X509Thumbprint x509_thumbprint;

    bool operator==(const AuthenticationMechanism&) const = default;
};

struct DeviceIdentity {
    DeviceId id;
    /// Decimal text that differs for each life of an id: delete and create gives a new one.
    std::string generation_id;
    /// Counts this identity's versions across the hub; `etag` on the wire.
    std::uint64_t version = 0;
    DeviceStatus status = DeviceStatus::enabled;
    std::optional<std::string> status_reason;
    std::optional<WallTime> status_updated_at;
    AuthenticationMechanism authentication;
    bool iot_edge = false;
    /// An edge device's own; otherwise that of the edge device it belongs to. Empty: none.
    std::string device_scope;
    /// Of the edge device it belongs to. Empty: none.
    std::string parent_scope;

    bool operator==(const DeviceIdentity&) const = default;
};

/// What a client may write of an identity; the hub makes the rest.
struct DeviceDefinition {
    DeviceId id;
    DeviceStatus status = DeviceStatus::enabled;
    std::optional<std::string> status_reason;
    AuthenticationMechanism authentication;
    bool iot_edge = false;
    std::optional<std::string> device_scope;
    std::optional<std::string> parent_scope;
};

/// An identity with what the hub observes about the device.
struct DeviceDescription {
    DeviceIdentity identity;
    bool connected = false;
    std::optional<WallTime> connection_state_updated_at;
    std::optional<WallTime> last_activity_at;
    std::size_t cloud_to_device_message_count = 0;
};

}  // namespace restante::model
