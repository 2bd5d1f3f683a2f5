#include "restante/service/iothub_registry_manager.hpp"

#include <fmt/format.h>

#include "feedback_receiver_impl.hpp"
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

IoTHubRegistryManager::Impl::~Impl() {
    if (sender) service::close_line(*sender);
}

void IoTHubRegistryManager::Impl::send(const Bytes& message) {
    const SteadyTime deadline = account->now().steady + account->timeout();
    while (true) {
        std::shared_ptr<Sender> by;
        bool fresh = false;
        {
            const std::lock_guard lock(mutex);
            fresh = !sender;
            if (fresh) sender = service::open_line<service::SendSession>(*account);
            by = sender;
        }
        const auto answer =
            service::ask(*by, deadline, [message](service::SendSession& session, auto answered) {
                session.send(message, std::move(answered));
            });
        const bool late = answer && !*answer && answer->error().code == ErrorCode::timeout;
        if (late || by->over()) {
            by->connection.close();
            const std::lock_guard lock(mutex);
            if (sender == by) sender.reset();
        }
        if (answer && *answer) return;
        if (answer) service::throw_error(answer->error());
        // The message never left. An old connection may have ended unnoticed; a new one says why.
        if (fresh) service::throw_error(by->ended.get());
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
    return impl_->account->host();
}

FeedbackReceiver IoTHubRegistryManager::get_feedback_receiver() {
    return FeedbackReceiver(std::make_unique<FeedbackReceiver::Impl>(impl_->account));
}

void IoTHubRegistryManager::send_c2d_message(const std::string& device_id,
                                             const std::string& message,
                                             const MessageProperties& properties) {
    impl_->send(amqp::encode_message(wire::to_amqp(make_message(device_id, message, properties))));
}

}  // namespace restante
