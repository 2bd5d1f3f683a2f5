#include "gateway/http/routes/events.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "base/text.hpp"
#include "gateway/http/http_admission.hpp"
#include "wire/json.hpp"

namespace restante::gateway {
namespace {

constexpr std::string_view batch_content_type = "application/vnd.microsoft.iothub.json";

bool is_batched_message(const boost::json::value& value) {
    const auto* const object = value.if_object();
    const auto* const body = object != nullptr ? object->if_contains("body") : nullptr;
    return body != nullptr && body->is_string();
}

/// A batch is [{"body":"...","base64Encoded":...,"properties":{...}},...]; of a member that does
/// not matter here any form will do.
Result<void> check_batch(BytesView body) {
    const auto json = wire::parse_json(as_text(body), telemetry_bytes_max);
    if (!json) return std::unexpected(json.error());
    const auto* const messages = json->if_array();
    if (messages == nullptr || !std::ranges::all_of(*messages, is_batched_message)) {
        return fail(ErrorCode::argument_invalid,
                    "a batch is a JSON array of objects, each with its body as text");
    }
    return {};
}

Result<void> check(const http::Request& request) {
    if (request.body.size() > telemetry_bytes_max) {
        return fail(ErrorCode::message_too_large,
                    fmt::format("the telemetry has {} bytes, the limit is {}", request.body.size(),
                                telemetry_bytes_max));
    }
    const auto content_type = request.headers.find("Content-Type");
    const bool batch = content_type && istarts_with(*content_type, batch_content_type);
    return batch ? check_batch(request.body) : Result<void>{};
}

}  // namespace

void discard_telemetry(HttpExchange& exchange) {
    if (const auto checked = check(exchange.request()); !checked) {
        return exchange.fail(checked.error());
    }
    if (exchange.first_telemetry()) {
        exchange.access().log().warning(
            "telemetry_discarded", {{"device", claim_of(exchange)->name()},
                                    {"reason", "this hub carries cloud-to-device messages only"}});
    }
    exchange.respond(204);
}

}  // namespace restante::gateway
