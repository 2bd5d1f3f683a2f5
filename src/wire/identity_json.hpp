#pragma once
// What the JSON of devices, of modules and of bulk requests has in common, for the hub and for the
// service SDK.

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "model/device_identity.hpp"
#include "wire/json_members.hpp"

namespace restante::wire {

/// The registry's word for a time that never was.
inline constexpr std::string_view never = "0001-01-01T00:00:00";

// Writing.

boost::json::value text_or_null(const std::optional<std::string>& text);
/// An empty text is null.
boost::json::value filled_or_null(std::string_view text);
/// Without a zone, as the registry writes it.
std::string registry_time(const std::optional<WallTime>& time);
std::string_view status_word(model::DeviceStatus status);
std::string_view connection_word(bool connected);
std::string_view type_word(model::AuthenticationType type);
boost::json::object authentication_object(const model::AuthenticationMechanism& authentication);
/// None, or the one.
boost::json::array parent_scopes_array(std::string_view parent_scope);

// Reading. What is wrong with a type goes to the reader's error; what the values say is core's.

model::DeviceStatus read_status(Members& device);
model::AuthenticationMechanism read_authentication(Members authentication);
/// "parentScopes": at most one.
std::optional<std::string> read_parent_scope(Members& device);
/// All of a device that a client may write.
model::DeviceDefinition read_definition(Members& device, const model::DeviceId& id);
std::optional<WallTime> read_time(Members& device, std::string_view name);

}  // namespace restante::wire
