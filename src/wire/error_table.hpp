#pragma once
// How each error is spelled on each wire: the words of the catalogue, and the texts around them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/uuid.hpp"
#include "model/device_id.hpp"
#include "wire/error_catalogue.hpp"

namespace restante::wire {

/// The row the hub says for any code. What is only the hub's own concern (a full disk, a dropped
/// connection) shows as ServerError.
const ErrorRow& error_row(ErrorCode code);

// From the wire, for our SDKs. nullopt for a word the table does not know.
std::optional<ErrorCode> error_code_from_name(std::string_view name);
std::optional<ErrorCode> error_code_from_number(std::uint32_t number);
std::optional<ErrorCode> error_code_from_condition(std::string_view condition);

/// The header that names the error in every HTTP answer that is one.
inline constexpr std::string_view http_error_header = "iothub-errorcode";

/// Identifies one failed request in the hub's log and in what the client sees.
struct Tracking {
    Uuid id;
    WallTime at;

    /// "{32 upper-case hex}-G2:-TimeStamp:{ISO 8601}", as the service's gateways write it.
    std::string text() const;
};

/// {"Message":"ErrorCode:{name};{text}","ExceptionMessage":"Tracking ID:{tracking}"}
std::string http_error_body(const Error& error, const Tracking& tracking);

/// {"errorCode":{number},"message":"{text}","trackingId":"{tracking}","timestampUtc":"{time}"}
std::string flat_error_body(const Error& error, const Tracking& tracking);

/// What stands in the description of an AMQP error: JSON with code, message and tracking id, but
/// for a full queue, whose plain text clients search for: there it is the error's own message.
std::string amqp_error_description(const Error& error, const Tracking& tracking);

/// What a service client hears when it sends to `device`: to it, a device that is disabled does
/// not exist either, and the text is the id alone.
Error as_send_error(const Error& error, const model::DeviceId& device);

/// What a hub answered, with the number it said, or else would say; 0 for what is no hub's answer.
struct HubError : Error {
    std::uint32_t number;

    HubError(Error error, std::uint32_t said) : Error(std::move(error)), number(said) {}
    bool operator==(const HubError&) const = default;
};

/// Reads what a hub answered over HTTP, in any of the three shapes of its bodies: `name` is the
/// value of the header, empty when absent. A word that this hub never says goes before the text:
/// "JobQuotaExceeded (403003): ...".
HubError http_error(unsigned status, std::string_view name, std::string_view body);

/// Reads what a hub answered over AMQP; as above.
HubError amqp_error(std::string_view condition, std::string_view description);

}  // namespace restante::wire
