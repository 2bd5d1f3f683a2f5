#pragma once
// A cloud-to-device message on HTTP: its body is the body, its properties are header fields.
//
//     system property        iothub-messageid, ContentType and so on: see the table in the source
//     application property   iothub-app-{name}: {value}
//
// A field holds printable ASCII, a property any text. What a field can hold goes as it is, because
// no client decodes anything. The rest is percent-encoded, name and value, and the field is named
// in one of our own, so that the encoding can be undone (docs/decisions/0007-http-properties.md):
//
//     restante-percent-encoded: ContentType, iothub-app-gr%C3%BCn

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "model/cloud_to_device_message.hpp"
#include "model/device_id.hpp"
#include "model/queued_message.hpp"
#include "protocol/http/message.hpp"

namespace restante::wire {

/// What a device receives beside the body: the message's properties and what the hub knows, in the
/// exact spelling that C and C# look for. Names that the Java client throws on are left out.
http::Headers to_http(const model::DeviceId& device, const model::LockedMessage& locked);

/// What a service sends beside the body.
http::Headers to_http(const model::CloudToDeviceMessage& message);

/// Reads what a service sends to `device`. Field names match in any case, other fields mean
/// nothing; Content-Type is among them, because HTTP clients write one of their own accord. Empty
/// system properties count as absent. A value that is not UTF-8 is taken for Latin-1, the way HTTP
/// meant it [RFC 9110 5.5].
///
/// Errors: argument_invalid (a property given twice or without a name, an unknown `iothub-ack`, an
/// unreadable expiry, an encoding that is not UTF-8), invalid_message_expiry_time (a time no
/// calendar has), message_too_large (properties beyond an MQTT topic, which a device could never
/// receive).
Result<model::CloudToDeviceMessage> from_http(const model::DeviceId& device,
                                              const http::Headers& headers, Bytes body);

/// "\"{guid}\"", the entity tag that is a lock token: Node cuts the quotes off unseen.
std::string lock_token_etag(const model::LockToken& token);

/// A lock token in a path: bare or in quotes. nullopt when it is no GUID.
std::optional<model::LockToken> parse_lock_token(std::string_view text);

}  // namespace restante::wire
