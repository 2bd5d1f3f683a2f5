#pragma once
// What a manager keeps between its operations. For the SDK's own files.

#include <mutex>

#include "line.hpp"
#include "model/device_id.hpp"
#include "protocol/http/message.hpp"
#include "restante/service/iothub_registry_manager.hpp"
#include "send_session.hpp"

namespace restante {

namespace service {

/// Throws std::invalid_argument.
model::DeviceId parse_device_id(const std::string& device_id);

}  // namespace service

struct IoTHubRegistryManager::Impl {
    Impl(const std::string& connection_string, const ServiceOptions& options)
        : account(std::make_shared<service::ServiceAccount>(connection_string, options)) {}
    ~Impl();

    /// Whatever the hub answered.
    http::Response exchange(http::Request request);
    /// The same; throws IoTHubError for any answer that is not 2xx.
    http::Response request(http::Request request);
    void send(const Bytes& message);

    using Sender = service::Line<service::SendSession>;

    std::shared_ptr<service::ServiceAccount> account;  // shared with its feedback receivers
    std::mutex mutex;                // guards `sender`: sends may come from several threads
    std::shared_ptr<Sender> sender;  // shared with the sends under way
};

}  // namespace restante
