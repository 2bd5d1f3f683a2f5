#pragma once
// What a manager keeps between its operations. For the SDK's own files.

#include <future>
#include <mutex>

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
        : account(connection_string, options) {}

    /// Whatever the hub answered.
    http::Response exchange(http::Request request);
    /// The same; throws IoTHubError for any answer that is not 2xx.
    http::Response request(http::Request request);
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

}  // namespace restante
