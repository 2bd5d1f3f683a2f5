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

/// Devices and modules a hub holds together. Source: the service's quota page.
inline constexpr std::size_t identities_max = 1'000'000;

/// Modules a device has, those of an edge device's own not counted. Source: the same page.
inline constexpr std::size_t modules_per_device_max = 50;

/// Shared access policies of a hub, and those among them with ServiceConnect. Source: the service's
/// quota page.
inline constexpr std::size_t policies_max = 16;
inline constexpr std::size_t policies_with_service_connect_max = 10;

/// Certificate authorities a hub trusts for its devices. Source: the same page.
inline constexpr std::size_t authorities_max = 25;

/// Name of a policy or of an authority. Source: the service's rule for names of certificates; for
/// those of policies it states none.
inline constexpr std::size_t keyring_name_characters_max = 64;

/// PEM text of one authority's certificate. Our own: an RSA certificate of 8192 bits has 4 KiB.
inline constexpr std::size_t authority_pem_bytes_max = 16 * 1024;

/// policies.json or authorities.json. Our own: 25 certificates of the greatest length, escaped.
inline constexpr std::size_t keyring_file_bytes_max = 512 * 1024;

/// Our own: the service names none.
inline constexpr std::size_t managed_by_characters_max = 128;

/// throttling.units: units of a tier that a hub may have. Source: the service's page on tiers.
inline constexpr std::uint32_t throttle_units_max = 200;

/// unproved-connections-per-address-max: connections of one address, all ports together, that have
/// not yet proved who they are; further ones are closed as they come. Our own: many devices behind
/// one NAT come back at once after an outage, and each needs its place for a second or two.
inline constexpr std::uint16_t unproved_connections_per_address_max = 512;

/// Issuers between a device's certificate and a trusted authority. Our own: fleets use one or two.
inline constexpr int certificate_chain_depth_max = 5;

/// Entries of one bulk request. Source: the service's REST description.
inline constexpr std::size_t bulk_entries_max = 100;

/// Items on one page of a query's answer. Source: the service's quota page.
inline constexpr std::size_t query_page_max = 100;

/// Queries under way at once; more are told to come back (429001). Bounds what clients that left
/// still cost.
inline constexpr std::size_t queries_max = 64;

/// Identities one list answers at most. Source: the service's REST description.
inline constexpr std::size_t device_list_max = 1000;

/// Body bytes, plus bytes of system property values, plus names and values of application
/// properties. Source: "cloud-to-device message size 64 KB".
inline constexpr std::size_t message_bytes_max = 64 * 1024;

/// Source: "message identifiers have up to 128 characters".
inline constexpr std::size_t message_id_characters_max = 128;

/// The longest life a sender may ask for; the shortest a hub may be set to give by default.
inline constexpr std::chrono::hours ttl_max{48};
inline constexpr std::chrono::minutes ttl_min{1};

/// cloudToDevice.defaultTtlAsIso8601: the life of a message whose sender set no expiry.
inline constexpr std::chrono::hours ttl_default{1};

/// cloudToDevice.maxDeliveryCount: abandons after which a message is dead-lettered.
inline constexpr std::uint32_t delivery_count_max = 10;
inline constexpr std::uint32_t delivery_count_max_lowest = 1;
inline constexpr std::uint32_t delivery_count_max_highest = 100;

/// cloudToDevice.maxQueueDepth: messages waiting or locked in one device's queue; the next send is
/// refused (403004). Fixed in the service. The highest is bounded by MQTT's 65,535 packet ids.
inline constexpr std::size_t queue_depth_max = 50;
inline constexpr std::size_t queue_depth_max_highest = 10'000;

/// cloudToDevice.lockDurationAsIso8601: how long a message stays invisible after it was handed to
/// a device. Fixed in the service; the range is that of feedback.
inline constexpr std::chrono::seconds lock_duration{60};
inline constexpr std::chrono::seconds lock_duration_min{5};
inline constexpr std::chrono::seconds lock_duration_max{300};

/// A batch of feedback is made of this many records, or of what waits this long after the last
/// batch. Source: the service's message page.
inline constexpr std::size_t feedback_batch_records_max = 64;
inline constexpr std::chrono::seconds feedback_batch_interval{15};

/// Batches kept for receivers that do not come; beyond, the oldest goes. Bounds memory and disk
/// between two ends of feedback.ttlAsIso8601.
inline constexpr std::size_t feedback_batches_max = 10'000;

/// Events of connections kept, those that one answer lists, and what each keeps of a text that a
/// peer chose, which may have 64 KB. Our own: all of them together stay below 4 MB.
inline constexpr std::size_t connection_events_max = 4096;
inline constexpr std::size_t connection_events_listed_max = 100;
inline constexpr std::size_t connection_event_text_bytes_max = 256;

/// Bytes accepted but not yet on disk beyond which senders are told to come back later. Bounds
/// the hub's memory when the disk is slower than the senders.
inline constexpr std::size_t uncommitted_bytes_max = 128 * 1024 * 1024;

}  // namespace restante::model::limits
