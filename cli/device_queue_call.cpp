#include "cli/device_queue_call.hpp"

#include <fmt/format.h>

#include <array>

#include "base/encoding.hpp"
#include "base/timestamp.hpp"
#include "model/device_id.hpp"
#include "server/config.hpp"
#include "wire/connection_string.hpp"
#include "wire/http_message.hpp"

namespace restante::cli {
namespace {

model::DeviceId parse_id(const std::string& device_id) {
    auto id = model::DeviceId::parse(device_id);
    if (!id) throw std::invalid_argument(id.error().message);
    return *id;
}

constexpr std::array ack_words{"none", "positive", "negative", "full"};

/// What the hub adds to the properties of the message: headers and their names here.
struct Annotation {
    std::string_view header;
    std::string_view name;
};
constexpr std::array annotations{Annotation{"iothub-enqueuedtime", "enqueuedTimeUtc"},
                                 Annotation{"iothub-sequencenumber", "sequenceNumber"},
                                 Annotation{"iothub-deliverycount", "deliveryCount"}};

MessageParts parts_of(const model::DeviceId& device, http::Response response) {
    const auto headers = response.headers;
    const auto message = wire::from_http(device, headers, std::move(response.body));
    if (!message) throw std::runtime_error("the hub's answer: " + message.error().message);
    MessageParts parts{.device_id = device.value(),
                       .lock_token = std::string(headers.find("ETag").value_or("")),
                       .body = std::string(as_text(message->body)),
                       .system = {},
                       .application = {}};
    std::erase(parts.lock_token, '"');
    set_present(parts.system, "messageId", message->message_id);
    set_present(parts.system, "correlationId", message->correlation_id);
    set_present(parts.system, "userId", message->user_id);
    set_present(parts.system, "to", message->to);
    set_present(parts.system, "contentType", message->content_type);
    set_present(parts.system, "contentEncoding", message->content_encoding);
    if (message->ack) parts.system["ack"] = ack_words[static_cast<std::size_t>(*message->ack)];
    if (message->expiry_time) parts.system["expiryTimeUtc"] = to_iso8601(*message->expiry_time);
    for (const auto& [header, name] : annotations) {
        set_present(parts.system, name, headers.find(header));
    }
    for (const auto& [name, value] : message->properties) parts.application[name] = value;
    return parts;
}

}  // namespace

DeviceQueueCall DeviceQueueCall::by(const Login& login, const std::string& device_id) {
    const auto id = parse_id(device_id);
    auto hub = login.find();
    const auto parsed = wire::ConnectionString::parse(hub.connection_string);
    if (!parsed || !parsed->device_id) return {HubCall::as_service(std::move(hub)), id.value()};
    if (*parsed->device_id != id.value()) {
        throw server::UsageError(fmt::format("the login is that of the device {}, not of {}",
                                             *parsed->device_id, id.value()));
    }
    return {HubCall::as_device(std::move(hub)), id.value()};
}

std::string DeviceQueueCall::target(const std::string& rest, const std::string& query) const {
    return fmt::format("/devices/{}/messages/devicebound{}?api-version=2021-04-12{}",
                       percent_encode(device_id_), rest, query);
}

std::optional<MessageParts> DeviceQueueCall::receive(std::uint32_t lock_seconds) {
    http::Request request{.method = "GET", .target = target(""), .headers = {}, .body = {}};
    if (lock_seconds > 0) {
        request.headers.add("IotHub-MessageLockTimeout", std::to_string(lock_seconds));
    }
    auto response = hub_.send(std::move(request));
    if (response.status == 204) return std::nullopt;
    return parts_of(parse_id(device_id_), std::move(response));
}

void DeviceQueueCall::settle(const std::string& lock_token, Settling settling) {
    const std::string place = "/" + percent_encode(lock_token);
    http::Request request{.method = "DELETE", .target = target(place), .headers = {}, .body = {}};
    if (settling == Settling::reject) request.target = target(place, "&reject");
    if (settling == Settling::abandon) {
        request.method = "POST";
        request.target = target(place + "/abandon");
    }
    hub_.send(std::move(request));
}

}  // namespace restante::cli
