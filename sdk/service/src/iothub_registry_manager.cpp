#include "restante/service/iothub_registry_manager.hpp"

#include <fmt/format.h>

#include <future>
#include <mutex>

#include "base/encoding.hpp"
#include "http_call.hpp"
#include "model/device_id.hpp"
#include "send_session.hpp"
#include "wire/amqp_message.hpp"
#include "wire/device_json.hpp"
#include "wire/error_table.hpp"

namespace restante {
namespace {

constexpr std::string_view api_version = "api-version=2021-04-12";

model::DeviceId parse_device_id(const std::string& device_id) {
    auto id = model::DeviceId::parse(device_id);
    if (!id) throw std::invalid_argument(id.error().message);
    return *id;
}

std::string text_of(const PropertyValue& value) {
    if (const auto* text = std::get_if<std::string>(&value)) return *text;
    if (const auto* number = std::get_if<std::int64_t>(&value)) return fmt::to_string(*number);
    if (const auto* real = std::get_if<double>(&value)) return fmt::to_string(*real);
    return std::get<bool>(value) ? "True" : "False";
}

WallTime expiry_of(const PropertyValue& value) {
    const auto* milliseconds = std::get_if<std::int64_t>(&value);
    if (milliseconds == nullptr) {
        throw std::invalid_argument(
            "expiryTimeUtc must be an integer: milliseconds since 1970-01-01 UTC");
    }
    return WallTime{Milliseconds{*milliseconds}};
}

/// The application property that asks for feedback keeps its name; the hub reads it from there.
std::optional<model::AckRequest> ack_of(std::string_view word) {
    if (word == "none") return model::AckRequest::none;
    if (word == "positive") return model::AckRequest::positive;
    if (word == "negative") return model::AckRequest::negative;
    if (word == "full") return model::AckRequest::full;
    return std::nullopt;
}

model::CloudToDeviceMessage make_message(const std::string& device_id, const std::string& body,
                                         const Properties& properties) {
    model::CloudToDeviceMessage message;
    message.to = wire::devicebound_to(parse_device_id(device_id));
    message.body = to_bytes(body);
    for (const auto& [name, value] : properties.entries()) {
        if (name == "messageId") {
            message.message_id = text_of(value);
        } else if (name == "correlationId") {
            message.correlation_id = text_of(value);
        } else if (name == "contentType") {
            message.content_type = text_of(value);
        } else if (name == "contentEncoding") {
            message.content_encoding = text_of(value);
        } else if (name == "expiryTimeUtc") {
            message.expiry_time = expiry_of(value);
        } else if (name == "iothub-ack") {
            message.ack = ack_of(text_of(value));
            if (!message.ack) {
                throw std::invalid_argument("iothub-ack must be none, positive, negative or full");
            }
        } else {
            message.properties.emplace_back(name, text_of(value));
        }
    }
    if (!message.message_id) message.message_id = Uuid::random().to_string();
    return message;
}

Device to_device(const wire::ReceivedDevice& received) {
    const auto& description = received.description;
    const auto& identity = description.identity;
    const auto& authentication = identity.authentication;
    Device device;
    device.device_id = identity.id.value();
    device.generation_id = identity.generation_id;
    device.etag = received.etag;
    device.status = identity.status == model::DeviceStatus::enabled ? "enabled" : "disabled";
    device.status_reason = identity.status_reason.value_or("");
    device.connection_state = description.connected ? "Connected" : "Disconnected";
    device.cloud_to_device_message_count = description.cloud_to_device_message_count;
    switch (authentication.type) {
        case model::AuthenticationType::sas:
            device.authentication.type = "sas";
            break;
        case model::AuthenticationType::self_signed:
            device.authentication.type = "selfSigned";
            break;
        case model::AuthenticationType::certificate_authority:
            device.authentication.type = "certificateAuthority";
            break;
        case model::AuthenticationType::none:
            device.authentication.type = "none";
            break;
    }
    device.authentication.symmetric_key = {authentication.symmetric_key.primary,
                                           authentication.symmetric_key.secondary};
    return device;
}

std::string device_path(const std::string& device_id) {
    return fmt::format("/devices/{}?{}", percent_encode(parse_device_id(device_id).value()),
                       api_version);
}

}  // namespace

struct IoTHubRegistryManager::Impl {
    Impl(const std::string& connection_string, const ServiceOptions& options)
        : account(connection_string, options) {}

    std::string request(http::Request request);
    void send(const Bytes& message);

    /// A connection that sends, as its callers know it.
    struct Sender {
        service::SendSession* session = nullptr;
        net::ConnectionHandle connection;
        std::promise<Error> end;
        std::shared_future<Error> ended{end.get_future()};
    };
    std::shared_ptr<Sender> connect();

    service::ServiceAccount account;
    std::mutex mutex;                // guards `sender`: sends may come from several threads
    std::shared_ptr<Sender> sender;  // shared with the sends under way
};

std::string IoTHubRegistryManager::Impl::request(http::Request request) {
    request.headers.add("Content-Type", "application/json; charset=utf-8");
    const auto response = service::call(account, std::move(request));
    const auto body = as_text(response.body);
    if (response.status >= 200 && response.status < 300) return std::string(body);
    service::throw_error(
        wire::http_error(static_cast<unsigned>(response.status),
                         response.headers.find(wire::http_error_header).value_or(""), body));
}

std::shared_ptr<IoTHubRegistryManager::Impl::Sender> IoTHubRegistryManager::Impl::connect() {
    auto made = std::make_shared<Sender>();
    auto session = std::make_unique<service::SendSession>(
        account, [made](const Error& reason) { made->end.set_value(reason); });
    made->session = session.get();
    made->connection = account.connect_amqp(std::move(session));
    return made;
}

void IoTHubRegistryManager::Impl::send(const Bytes& message) {
    const SteadyTime deadline = account.now().steady + account.timeout();
    while (true) {
        std::shared_ptr<Sender> by;
        bool fresh = false;
        {
            const std::lock_guard lock(mutex);
            fresh = !sender;
            if (fresh) sender = connect();
            by = sender;
        }
        auto promise = std::make_shared<std::promise<Result<void>>>();
        auto answer = promise->get_future();
        by->connection.post([session = by->session, message, promise = std::move(promise)] {
            session->send(
                message, [promise](Result<void> result) { promise->set_value(std::move(result)); });
        });
        const bool answered = answer.wait_until(deadline) == std::future_status::ready;
        const bool dead = by->ended.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
        if (!answered || dead) {
            const std::lock_guard lock(mutex);
            if (sender == by) sender.reset();
        }
        if (!answered) {
            by->connection.close();
            service::throw_error(Error(ErrorCode::timeout,
                                       "the hub did not answer in time: the message may or may "
                                       "not have been taken"));
        }
        try {
            const auto result = answer.get();
            if (result) return;
            service::throw_error(result.error());
        } catch (const std::future_error&) {
            // Work posted to a connection that has ended is dropped, which breaks its promise: the
            // message never left. An old connection may have ended unnoticed; a new one says why.
            if (fresh) service::throw_error(by->ended.get());
        }
    }
}

IoTHubRegistryManager::IoTHubRegistryManager(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
IoTHubRegistryManager::IoTHubRegistryManager(IoTHubRegistryManager&&) noexcept = default;
IoTHubRegistryManager& IoTHubRegistryManager::operator=(IoTHubRegistryManager&&) noexcept = default;
IoTHubRegistryManager::~IoTHubRegistryManager() = default;

IoTHubRegistryManager IoTHubRegistryManager::from_connection_string(
    const std::string& connection_string, ServiceOptions options) {
    return IoTHubRegistryManager(std::make_unique<Impl>(connection_string, options));
}

const std::string& IoTHubRegistryManager::hostname() const {
    return impl_->account.host();
}

void IoTHubRegistryManager::send_c2d_message(const std::string& device_id,
                                             const std::string& message,
                                             const Properties& properties) {
    impl_->send(amqp::encode_message(wire::to_amqp(make_message(device_id, message, properties))));
}

Device IoTHubRegistryManager::create_device_with_sas(const std::string& device_id,
                                                     const std::string& primary_key,
                                                     const std::string& secondary_key,
                                                     const std::string& status) {
    model::DeviceDefinition definition{.id = parse_device_id(device_id)};
    if (status != "enabled" && status != "disabled") {
        throw std::invalid_argument("status must be enabled or disabled");
    }
    if (status == "disabled") definition.status = model::DeviceStatus::disabled;
    definition.authentication.symmetric_key = {.primary = primary_key, .secondary = secondary_key};
    const auto body = impl_->request({.method = "PUT",
                                      .target = device_path(device_id),
                                      .body = to_bytes(wire::to_json(definition))});
    auto device = wire::device_from_json(body);
    if (!device) service::throw_error(device.error());
    return to_device(*device);
}

Device IoTHubRegistryManager::get_device(const std::string& device_id) {
    const auto body = impl_->request({.method = "GET", .target = device_path(device_id)});
    auto device = wire::device_from_json(body);
    if (!device) service::throw_error(device.error());
    return to_device(*device);
}

void IoTHubRegistryManager::delete_device(const std::string& device_id, const std::string& etag) {
    http::Request request{.method = "DELETE", .target = device_path(device_id)};
    request.headers.add("If-Match", fmt::format("\"{}\"", etag.empty() ? "*" : etag));
    impl_->request(std::move(request));
}

std::vector<Device> IoTHubRegistryManager::get_devices(std::size_t max_number_of_devices) {
    const auto body = impl_->request(
        {.method = "GET",
         .target = fmt::format("/devices?top={}&{}", max_number_of_devices, api_version)});
    const auto received = wire::devices_from_json(body);
    if (!received) service::throw_error(received.error());
    std::vector<Device> devices;
    for (const auto& device : *received) devices.push_back(to_device(device));
    return devices;
}

}  // namespace restante
