#pragma once
// Every limit of the hub's behaviour, with unit, default and source. Limits of one protocol's
// grammar stand in that protocol's engine.

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace restante::model::limits {

/// Source: the service's identity registry page.
inline constexpr std::size_t device_id_characters_max = 128;
inline constexpr std::size_t status_reason_characters_max = 128;

/// Length of a symmetric key before base64. Source: observed "Invalid device key length".
inline constexpr std::size_t symmetric_key_bytes_min = 16;
inline constexpr std::size_t symmetric_key_bytes_max = 64;

/// Devices a hub holds. Source: the service's quota page.
inline constexpr std::size_t devices_max = 1'000'000;

/// Identities one list answers at most. Source: the service's REST description.
inline constexpr std::size_t device_list_max = 1000;

/// Messages waiting or locked in one device's queue; the next send is refused (403004).
inline constexpr std::size_t queue_depth_max = 50;

/// Body bytes, plus bytes of system property values, plus names and values of application
/// properties. Source: "cloud-to-device message size 64 KB".
inline constexpr std::size_t message_bytes_max = 64 * 1024;

/// Source: "message identifiers have up to 128 characters".
inline constexpr std::size_t message_id_characters_max = 128;

/// How long a message stays invisible after it was handed to a device. Fixed in the service.
inline constexpr std::chrono::seconds lock_duration{60};

/// Life of a message whose sender set no expiry (defaultTtlAsIso8601), and the longest allowed.
inline constexpr std::chrono::hours ttl_default{1};
inline constexpr std::chrono::hours ttl_max{48};

/// Abandons after which a message is dead-lettered (maxDeliveryCount).
inline constexpr std::uint32_t delivery_count_max = 10;

/// Bytes accepted but not yet on disk beyond which senders are told to come back later. Bounds
/// the hub's memory when the disk is slower than the senders.
inline constexpr std::size_t uncommitted_bytes_max = 128 * 1024 * 1024;

}  // namespace restante::model::limits
