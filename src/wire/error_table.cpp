#include "wire/error_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/encoding.hpp"
#include "base/timestamp.hpp"
#include "model/limits.hpp"
#include "wire/json.hpp"

namespace restante::wire {
namespace {

using enum ErrorCode;

constexpr std::array rows{
    ErrorRow{argument_invalid, "ArgumentInvalid", 400004, 400, "com.microsoft:argument-error"},
    ErrorRow{invalid_operation, "InvalidOperation", 400003, 400, "amqp:not-allowed"},
    ErrorRow{format_error, "IotHubFormatError", 400006, 400, "com.microsoft:argument-error"},
    ErrorRow{malformed, "GenericBadRequest", 400000, 400, "amqp:decode-error"},
    ErrorRow{unauthorized, "IotHubUnauthorizedAccess", 401002, 401, "amqp:unauthorized-access"},
    ErrorRow{device_maximum_queue_depth_exceeded, "DeviceMaximumQueueDepthExceeded", 403004, 403,
             "amqp:resource-limit-exceeded"},
    ErrorRow{cbs_token_maximum_exceeded, "IotHubMaxCbsTokenExceeded", 403005, 403,
             "amqp:resource-limit-exceeded"},
    ErrorRow{invalid_message_expiry_time, "InvalidMessageExpiryTime", 403009, 403,
             "com.microsoft:argument-error"},
    ErrorRow{device_disabled, "DeviceDisabled", 403012, 403, "amqp:not-found"},
    // A condition shared by several codes means the first of them to a reader, as in all SDKs.
    ErrorRow{device_not_found, "DeviceNotFound", 404001, 404, "amqp:not-found"},
    ErrorRow{module_not_found, "ModuleNotFound", 404010, 404, "amqp:not-found"},
    ErrorRow{address_not_found, "AmqpAddressNotFound", 404006, 404, "amqp:not-found"},
    ErrorRow{not_found, "GenericNotFound", 404000, 404, "amqp:not-found"},
    ErrorRow{method_not_allowed, "GenericMethodNotAllowed", 405000, 405, "amqp:not-allowed"},
    ErrorRow{device_already_exists, "DeviceAlreadyExists", 409001, 409,
             "com.microsoft:device-already-exists"},
    // The service documents com.microsoft:link-creation-conflict, which only Java knows; C# and
    // Java both know the standard's own word.
    ErrorRow{connection_replaced, "LinkCreationConflict", 409002, 409, "amqp:link:stolen"},
    ErrorRow{precondition_failed, "PreconditionFailed", 412001, 412,
             "com.microsoft:precondition-failed"},
    ErrorRow{device_message_lock_lost, "DeviceMessageLockLost", 412002, 412,
             "com.microsoft:message-lock-lost"},
    ErrorRow{message_too_large, "MessageTooLarge", 413001, 413, "amqp:link:message-size-exceeded"},
    ErrorRow{too_many_devices, "TooManyDevices", 413002, 413, "amqp:resource-limit-exceeded"},
    ErrorRow{throttled, "ThrottlingException", 429001, 429,
             "com.microsoft:device-container-throttled"},
    ErrorRow{server_error, "ServerError", 500001, 500, "amqp:internal-error"},
    ErrorRow{service_unavailable, "ServiceUnavailable", 503001, 503, "amqp:link:detach-forced"},
    ErrorRow{timeout, "GatewayTimeout", 504101, 504, "com.microsoft:timeout"},
};

/// Words the hub never says and the service may.
struct ReadName {
    std::string_view name;
    std::uint32_t number;
    ErrorCode code;
};
constexpr std::array read_names{
    ReadName{"ArgumentNull", 400005, argument_invalid},
    ReadName{"GenericUnauthorized", 401000, unauthorized},
    ReadName{"IotHubNotFound", 401001, unauthorized},
    ReadName{"IotHubUnauthorized", 401003, unauthorized},
    ReadName{"IotHubQuotaExceeded", 403002, throttled},
    ReadName{"DeviceMaximumQueueSizeExceeded", 403007, device_maximum_queue_depth_exceeded},
    ReadName{"GenericPreconditionFailed", 412000, precondition_failed},
    ReadName{"GenericRequestEntityTooLarge", 413000, message_too_large},
    ReadName{"GenericTooManyRequests", 429000, throttled},
    ReadName{"ThrottleBacklogLimitExceeded", 429002, throttled},
    ReadName{"ThrottlingBacklogTimeout", 429003, throttled},
    ReadName{"DeviceThrottlingLimitExceeded", 429005, throttled},
    ReadName{"GenericServiceUnavailable", 503000, service_unavailable},
    ReadName{"ServerBusy", 503005, service_unavailable},
};

struct ReadCondition {
    std::string_view condition;
    ErrorCode code;
};
constexpr std::array read_conditions{
    ReadCondition{"amqp:not-found", device_not_found},
    ReadCondition{"amqp:precondition-failed", precondition_failed},
    ReadCondition{"amqp:connection:forced", connection_dropped},
    ReadCondition{"com.microsoft:argument-out-of-range", argument_invalid},
    ReadCondition{"com.microsoft:quota-exceeded", throttled},
    ReadCondition{"com.microsoft:server-busy", service_unavailable},
    ReadCondition{"com.microsoft:iot-hub-suspended", service_unavailable},
    ReadCondition{"com.microsoft:iot-hub-not-found-error", unauthorized},
    ReadCondition{"com.microsoft:link-creation-conflict", connection_replaced},
};

/// Bytes of an error's JSON that a client reads.
constexpr std::size_t error_json_bytes_max = 64 * 1024;

template <class Table, class Member, class Key>
std::optional<ErrorCode> find_code(const Table& table, Member member, const Key& key) {
    const auto row = std::ranges::find(table, key, member);
    if (row == table.end()) return std::nullopt;
    return row->code;
}

std::string_view text_of(const boost::json::object& object, std::string_view name) {
    const auto* const value = object.if_contains(name);
    if (value == nullptr || !value->is_string()) return {};
    return value->get_string();
}

std::optional<std::uint32_t> number_of(const boost::json::object& object, std::string_view name) {
    const auto* const value = object.if_contains(name);
    if (value == nullptr || !value->is_int64()) return std::nullopt;
    const std::int64_t number = value->get_int64();
    if (number < 0 || number > 999'999) return std::nullopt;
    return static_cast<std::uint32_t>(number);
}

/// What an HTTP body or an AMQP description says of itself.
struct SaidError {
    std::optional<ErrorCode> code;
    std::string message;
};

/// The flat shape: {"errorCode":404001,"message":"...",...}.
std::optional<SaidError> read_flat_json(std::string_view text) {
    const auto json = parse_json(text, error_json_bytes_max);
    if (!json || !json->is_object()) return std::nullopt;
    const auto number = number_of(json->get_object(), "errorCode");
    if (!number) return std::nullopt;
    return SaidError{.code = error_code_from_number(*number),
                     .message = std::string(text_of(json->get_object(), "message"))};
}

/// The value of "Message": JSON again, or "ErrorCode:{name};{text}", or plain text.
SaidError read_message(std::string_view message) {
    constexpr std::string_view prefix = "ErrorCode:";
    if (auto flat = read_flat_json(message)) return std::move(*flat);
    if (!message.starts_with(prefix)) {
        return {.code = std::nullopt, .message = std::string(message)};
    }
    message.remove_prefix(prefix.size());
    const std::string_view name = message.substr(0, message.find(';'));
    const std::string_view text = message.substr(std::min(message.size(), name.size() + 1));
    return {.code = error_code_from_name(name), .message = std::string(text)};
}

ErrorCode code_of_status(unsigned status) {
    if (const auto code = find_code(rows, &ErrorRow::http_status, status)) return *code;
    if (status >= 500) return server_error;
    return status >= 400 ? argument_invalid : protocol_error;
}

}  // namespace

const ErrorRow& error_row(ErrorCode code) {
    const auto row = std::ranges::find(rows, code, &ErrorRow::code);
    return row != rows.end() ? *row : *std::ranges::find(rows, server_error, &ErrorRow::code);
}

std::optional<ErrorCode> error_code_from_name(std::string_view name) {
    if (const auto code = find_code(rows, &ErrorRow::name, name)) return code;
    return find_code(read_names, &ReadName::name, name);
}

std::optional<ErrorCode> error_code_from_number(std::uint32_t number) {
    if (const auto code = find_code(rows, &ErrorRow::number, number)) return code;
    return find_code(read_names, &ReadName::number, number);
}

std::optional<ErrorCode> error_code_from_condition(std::string_view condition) {
    if (const auto code = find_code(read_conditions, &ReadCondition::condition, condition)) {
        return code;
    }
    return find_code(rows, &ErrorRow::condition, condition);
}

std::string Tracking::text() const {
    std::string hex = to_hex(id.bytes);
    std::ranges::transform(hex, hex.begin(), [](char c) {
        return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return fmt::format("{}-G2:-TimeStamp:{}", hex, to_iso8601(at));
}

std::string http_error_body(const Error& error, const Tracking& tracking) {
    const boost::json::object body{
        {"Message",
         fmt::format("ErrorCode:{};{}", error_row(error.code).name, to_utf8(error.message))},
        {"ExceptionMessage", "Tracking ID:" + tracking.text()},
    };
    return boost::json::serialize(body);
}

std::string amqp_error_description(const Error& error, const Tracking& tracking) {
    if (error.code == device_maximum_queue_depth_exceeded) {
        // The two blanks are the service's own.
        return fmt::format(
            "C2D messages enqueued for the device exceeded the queue limit of {},  see more at "
            "http://aka.ms/iothub403004",
            model::limits::queue_depth_max);
    }
    const boost::json::object description{
        {"errorCode", error_row(error.code).number},
        {"message", to_utf8(error.message)},
        {"trackingId", tracking.text()},
        {"timestampUtc", to_iso8601(tracking.at)},
        {"info", nullptr},
    };
    return boost::json::serialize(description);
}

Error as_send_error(const Error& error, const model::DeviceId& device) {
    if (error.code != device_not_found && error.code != device_disabled) return error;
    return Error(device_not_found, device.value());
}

Error http_error(unsigned status, std::string_view name, std::string_view body) {
    SaidError said{.code = std::nullopt, .message = {}};
    if (auto flat = read_flat_json(body)) {
        said = std::move(*flat);
    } else if (const auto json = parse_json(body, error_json_bytes_max);
               json && json->is_object()) {
        said = read_message(text_of(json->get_object(), "Message"));
    }
    if (const auto named = error_code_from_name(name)) said.code = named;
    if (said.message.empty()) said.message = fmt::format("the hub answered {}", status);
    return Error(said.code.value_or(code_of_status(status)), std::move(said.message));
}

Error amqp_error(std::string_view condition, std::string_view description) {
    SaidError said = read_message(description);
    const auto code = said.code ? said.code : error_code_from_condition(condition);
    if (said.message.empty()) said.message = fmt::format("the hub answered {}", condition);
    return Error(code.value_or(server_error), std::move(said.message));
}

}  // namespace restante::wire
