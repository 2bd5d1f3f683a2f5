#pragma once
// A message as its sender wrote it, free of any protocol's spelling.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

namespace restante::model {

/// Which outcomes the sender wants to hear of (`iothub-ack`).
enum class AckRequest : std::uint8_t { none, positive, negative, full };

struct CloudToDeviceMessage {
    std::optional<std::string> message_id;
    std::optional<std::string> correlation_id;
    std::optional<std::string> user_id;
    /// The target address as the sender wrote it; devices see it unchanged.
    std::optional<std::string> to;
    std::optional<std::string> content_type;
    std::optional<std::string> content_encoding;
    std::optional<WallTime> expiry_time;
    /// Set when the sender set it, even to `none`: devices see the difference.
    std::optional<AckRequest> ack;
    /// Application properties in the sender's order; names are unique.
    std::vector<std::pair<std::string, std::string>> properties;
    Bytes body;

    bool operator==(const CloudToDeviceMessage&) const = default;
};

/// Body, values of system properties, names and values of application properties, in bytes: what
/// the size limit counts.
std::size_t size_bytes(const CloudToDeviceMessage& message);

/// What a sender may ask for. Errors: message_too_large, argument_invalid (message id or
/// correlation id beyond 128 characters), invalid_message_expiry_time (beyond two days).
Result<void> check(const CloudToDeviceMessage& message, WallTime now);

}  // namespace restante::model
