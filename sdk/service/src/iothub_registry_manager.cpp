#include "restante/service/iothub_registry_manager.hpp"

#include <fmt/format.h>

#include "manager_impl.hpp"
#include "protocol/amqp/message.hpp"
#include "wire/amqp_message.hpp"

namespace restante {
namespace {

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
                                         const MessageProperties& properties) {
    model::CloudToDeviceMessage message;
    message.to = wire::devicebound_to(service::parse_device_id(device_id));
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

}  // namespace

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
                                             const MessageProperties& properties) {
    impl_->send(amqp::encode_message(wire::to_amqp(make_message(device_id, message, properties))));
}

}  // namespace restante
