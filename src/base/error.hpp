#pragma once
// What can go wrong, in the field's own terms. How each code is spelled on a wire (HTTP status,
// AMQP condition, numeric code) stands in one place: wire/error_table.

#include <cstdint>
#include <string>
#include <utility>

namespace restante {

enum class ErrorCode : std::uint8_t {
    // what the hub answers its clients; names follow the service's catalogue
    argument_invalid,
    invalid_operation,
    format_error,
    argument_null,
    device_defined_multiple_times,
    invalid_device_scope,
    invalid_policy_key,
    default_storage_endpoint_not_configured,
    unauthorized,
    system_module_modify_unauthorized,
    device_maximum_queue_depth_exceeded,
    cbs_token_maximum_exceeded,
    invalid_message_expiry_time,
    device_disabled,
    not_found,
    device_not_found,
    module_not_found,
    address_not_found,
    method_not_allowed,
    device_already_exists,
    module_already_exists_on_device,
    connection_replaced,
    precondition_failed,
    device_message_lock_lost,
    message_too_large,
    too_many_devices,
    too_many_modules_on_device,
    throttled,
    quota_exceeded,
    server_error,
    service_unavailable,
    timeout,
    // what a peer did to us or we could not do; these never reach a client as such
    malformed,       ///< bytes that break the protocol's grammar
    protocol_error,  ///< well-formed, but not allowed in this state or beyond an agreed limit
    connection_failed,
    connection_dropped,
    tls_failed,
    cancelled,
    storage_failed,
};

/// A failure that was expected to be possible: a code to act on and a sentence for a person.
///
/// The sentence names the cause and, where there is one, the next step. It never holds a key, a
/// token or a payload.
struct Error {
    ErrorCode code;
    std::string message;

    Error(ErrorCode error_code, std::string text) : code(error_code), message(std::move(text)) {}
    bool operator==(const Error&) const = default;
};

}  // namespace restante
