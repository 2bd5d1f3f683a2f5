#include "wire/error_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/encoding.hpp"
#include "base/timestamp.hpp"
#include "wire/json.hpp"

namespace restante::wire {
namespace {

using enum ErrorCode;

/// Symbols whose meaning no row of the catalogue gives, or not the one a reader takes from them.
struct ReadCondition {
    std::string_view condition;
    ErrorCode code;
};
constexpr std::array read_conditions{
    ReadCondition{"amqp:not-found", device_not_found},
    ReadCondition{"amqp:precondition-failed", precondition_failed},
    ReadCondition{"amqp:not-implemented", invalid_operation},
    ReadCondition{"amqp:illegal-state", invalid_operation},
    ReadCondition{"amqp:invalid-field", argument_invalid},
    ReadCondition{"amqp:frame-size-too-small", message_too_large},
    ReadCondition{"amqp:resource-locked", service_unavailable},
    ReadCondition{"amqp:resource-deleted", device_not_found},
    ReadCondition{"amqp:connection:forced", connection_dropped},
    ReadCondition{"amqp:connection:framing-error", connection_dropped},
    ReadCondition{"amqp:connection:redirect", connection_dropped},
    ReadCondition{"amqp:session:errant-link", connection_dropped},
    ReadCondition{"amqp:session:handle-in-use", connection_dropped},
    ReadCondition{"amqp:session:unattached-handle", connection_dropped},
    ReadCondition{"amqp:session:window-violation", connection_dropped},
    ReadCondition{"amqp:link:redirect", connection_dropped},
    ReadCondition{"amqp:link:transfer-limit-exceeded", connection_dropped},
    ReadCondition{"com.microsoft:argument-out-of-range", argument_invalid},
    ReadCondition{"com.microsoft:server-busy", service_unavailable},
    ReadCondition{"com.microsoft:link-creation-conflict", connection_replaced},
};

/// Bytes of an error's JSON that a client reads.
constexpr std::size_t error_json_bytes_max = 64 * 1024;

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
    const ErrorRow* row = nullptr;
    std::string message;
};

/// The flat shape: {"errorCode":404001,"message":"...",...}.
std::optional<SaidError> read_flat_json(std::string_view text) {
    const auto json = parse_json(text, error_json_bytes_max);
    if (!json || !json->is_object()) return std::nullopt;
    const auto number = number_of(json->get_object(), "errorCode");
    if (!number) return std::nullopt;
    return SaidError{.row = find_error(*number),
                     .message = std::string(text_of(json->get_object(), "message"))};
}

/// The value of "Message": JSON again, or "ErrorCode:{name};{text}", or plain text.
SaidError read_message(std::string_view message) {
    constexpr std::string_view prefix = "ErrorCode:";
    if (auto flat = read_flat_json(message)) return std::move(*flat);
    if (!message.starts_with(prefix)) {
        return {.row = nullptr, .message = std::string(message)};
    }
    message.remove_prefix(prefix.size());
    const std::string_view name = message.substr(0, message.find(';'));
    const std::string_view text = message.substr(std::min(message.size(), name.size() + 1));
    return {.row = find_error(name), .message = std::string(text)};
}

ErrorCode code_of_status(unsigned status) {
    const auto rows = error_catalogue();
    const auto row = std::ranges::find(rows, status, &ErrorRow::http_status);
    if (row != rows.end()) return row->code;
    if (status >= 500) return server_error;
    return status >= 400 ? argument_invalid : protocol_error;
}

/// The text for a person. ErrorCode keeps less than the catalogue knows: what it loses stands here.
std::string describe(SaidError said) {
    if (said.row == nullptr || said.row->number == error_row(said.row->code).number) {
        return std::move(said.message);
    }
    return fmt::format("{} ({}): {}", said.row->name, said.row->number, said.message);
}

std::optional<ErrorCode> code_of(const ErrorRow* row) {
    return row != nullptr ? std::optional(row->code) : std::nullopt;
}

/// The row the hub says for a code; nullptr for what is nobody's answer.
const ErrorRow* said_row(ErrorCode code) {
    const auto rows = error_catalogue();
    const auto row = std::ranges::find(rows, code, &ErrorRow::code);
    return row != rows.end() ? &*row : nullptr;
}

HubError to_error(ErrorCode code, SaidError said) {
    if (said.row == nullptr) said.row = said_row(code);
    const std::uint32_t number = said.row != nullptr ? said.row->number : 0;
    return {Error(code, describe(std::move(said))), number};
}

}  // namespace

const ErrorRow& error_row(ErrorCode code) {
    const auto* const row = said_row(code);
    return row != nullptr ? *row : *said_row(server_error);
}

std::optional<ErrorCode> error_code_from_name(std::string_view name) {
    return code_of(find_error(name));
}

std::optional<ErrorCode> error_code_from_number(std::uint32_t number) {
    return code_of(find_error(number));
}

std::optional<ErrorCode> error_code_from_condition(std::string_view condition) {
    if (condition.empty()) return std::nullopt;
    const auto* const read =
        std::ranges::find(read_conditions, condition, &ReadCondition::condition);
    if (read != read_conditions.end()) return read->code;
    const auto rows = error_catalogue();
    const auto row = std::ranges::find(rows, condition, &ErrorRow::condition);
    return row != rows.end() ? std::optional(row->code) : std::nullopt;
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

std::string flat_error_body(const Error& error, const Tracking& tracking) {
    const boost::json::object body{
        {"errorCode", error_row(error.code).number},
        {"message", to_utf8(error.message)},
        {"trackingId", tracking.text()},
        {"timestampUtc", to_iso8601(tracking.at)},
    };
    return boost::json::serialize(body);
}

std::string amqp_error_description(const Error& error, const Tracking& tracking) {
    if (error.code == device_maximum_queue_depth_exceeded) return to_utf8(error.message);
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

HubError http_error(unsigned status, std::string_view name, std::string_view body) {
    SaidError said;
    if (auto flat = read_flat_json(body)) {
        said = std::move(*flat);
    } else if (const auto json = parse_json(body, error_json_bytes_max);
               json && json->is_object()) {
        said = read_message(text_of(json->get_object(), "Message"));
    }
    if (const auto* const named = find_error(name)) said.row = named;
    if (said.message.empty()) said.message = fmt::format("the hub answered {}", status);
    const auto code = code_of(said.row).value_or(code_of_status(status));
    return to_error(code, std::move(said));
}

HubError amqp_error(std::string_view condition, std::string_view description) {
    SaidError said = read_message(description);
    if (said.message.empty()) said.message = fmt::format("the hub answered {}", condition);
    const auto code = said.row ? code_of(said.row) : error_code_from_condition(condition);
    return to_error(code.value_or(server_error), std::move(said));
}

}  // namespace restante::wire
