#pragma once
// The error conditions the specification names (AMQP 2.8.15 to 2.8.18): those we send or act on.

#include <string_view>

namespace restante::amqp::condition {

constexpr std::string_view internal_error = "amqp:internal-error";
constexpr std::string_view not_found = "amqp:not-found";
constexpr std::string_view unauthorized_access = "amqp:unauthorized-access";
constexpr std::string_view decode_error = "amqp:decode-error";
constexpr std::string_view resource_limit_exceeded = "amqp:resource-limit-exceeded";
constexpr std::string_view not_allowed = "amqp:not-allowed";
constexpr std::string_view invalid_field = "amqp:invalid-field";
constexpr std::string_view not_implemented = "amqp:not-implemented";
constexpr std::string_view connection_forced = "amqp:connection:forced";
constexpr std::string_view framing_error = "amqp:connection:framing-error";
constexpr std::string_view handle_in_use = "amqp:session:handle-in-use";
constexpr std::string_view unattached_handle = "amqp:session:unattached-handle";
constexpr std::string_view detach_forced = "amqp:link:detach-forced";
constexpr std::string_view transfer_limit_exceeded = "amqp:link:transfer-limit-exceeded";
constexpr std::string_view message_size_exceeded = "amqp:link:message-size-exceeded";

}  // namespace restante::amqp::condition
