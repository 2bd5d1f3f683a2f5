#include "wire/cbs.hpp"

#include <fmt/format.h>

#include <string>

#include "base/uuid.hpp"
#include "protocol/amqp/message.hpp"

namespace restante::wire {

Bytes put_token_request(std::string_view audience, std::string_view token) {
    amqp::Message request;
    request.properties.emplace();
    request.properties->message_id = amqp::Value(Uuid::random().to_string());
    request.properties->to = std::string(cbs_address);
    request.properties->reply_to = "cbs";
    request.application_properties.add("operation", "put-token");
    request.application_properties.add("type", "servicebus.windows.net:sastoken");
    request.application_properties.add("name", audience);
    request.value = amqp::Value(std::string(token));
    return amqp::encode_message(request);
}

Result<void> read_put_token_answer(BytesView answer) {
    const auto response = amqp::decode_message(answer);
    if (!response) return std::unexpected(response.error());
    const amqp::Value* status = response->application_properties.find("status-code");
    const auto code = status != nullptr ? status->integer() : std::nullopt;
    if (!code) return fail(ErrorCode::malformed, "the hub's answer to the token has no status");
    switch (*code) {
        case 200:
        case 202:
            return {};
        case 401:
            return fail(ErrorCode::unauthorized,
                        "the hub refused the token: check the name and key it was made with, and "
                        "this machine's clock");
        case 404:
            return fail(ErrorCode::device_not_found,
                        "the hub does not know whom the token is for (404)");
        default:
            return fail(ErrorCode::service_unavailable,
                        fmt::format("the hub answers the token with {}", *code));
    }
}

}  // namespace restante::wire
