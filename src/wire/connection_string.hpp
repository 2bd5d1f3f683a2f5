#pragma once
// The connection string: where a hub is and how to prove oneself to it.
//
//     text = key "=" value *( ";" key "=" value )     ; a value may hold '=', never ';'
//
// Keys are case-sensitive and known, each at most once, as in the Python SDK whose messages the
// errors begin with. What follows the message names the key, never the value of a secret.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace restante::wire {

/// Bytes of a connection string. The longest real ones, with a token inside, have some 500.
inline constexpr std::size_t connection_string_bytes_max = 8 * 1024;

struct ConnectionString {
    /// May carry a port: see split_host.
    std::string host_name;
    std::optional<std::string> device_id;
    std::optional<std::string> module_id;
    std::optional<std::string> shared_access_key_name;
    std::optional<std::string> shared_access_key;
    std::optional<std::string> shared_access_signature;
    std::optional<std::string> gateway_host_name;
    bool x509 = false;

    /// Errors: argument_invalid, "Invalid Connection String - Unable to parse", "... Invalid Key"
    /// or "... Mixed authentication scheme".
    static Result<ConnectionString> parse(std::string_view text);

    /// Whether a service client can use it: HostName, SharedAccessKeyName and a key or signature.
    /// Errors: argument_invalid, "Invalid Connection String - Incomplete".
    Result<void> check_service() const;

    /// Whether a device client can use it: HostName, DeviceId and a key, a signature or x509.
    /// Errors: argument_invalid, "Invalid Connection String - Incomplete".
    Result<void> check_device() const;

    /// The text form; parse gives the same back.
    std::string to_string() const;

    bool operator==(const ConnectionString&) const = default;
};

struct HostPort {
    std::string host;
    std::uint16_t port = 0;

    bool operator==(const HostPort&) const = default;
};

/// Splits "host", "host:port", "[v6]" or "[v6]:port"; `port` stands in when there is none.
/// Errors: argument_invalid.
Result<HostPort> split_host(std::string_view host_name, std::uint16_t port);

}  // namespace restante::wire
