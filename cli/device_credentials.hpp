#pragma once
// What a device's or module's connection string holds that tokens are made of.

#include <string>

#include "sdk/service/src/service_account.hpp"

namespace restante::cli {

/// Throws std::invalid_argument when the text is no connection string of a device, or one without
/// a key.
service::ServiceAccount::Credentials device_credentials(const std::string& connection_string);

/// "/devices/d" or "/devices/d/modules/m": what a token of theirs claims.
std::string identity_path(const std::string& device_id, const std::string& module_id);

/// The key in its base64 text. Throws std::invalid_argument, which does not hold it.
Bytes decode_key(const std::string& text);

}  // namespace restante::cli
