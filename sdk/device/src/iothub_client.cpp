#include "restante/device/iothub_client.hpp"

#include <utility>

#include "client_impl.hpp"

namespace restante {

using device::Failure;
using device::FailureKind;

IoTHubClient::IoTHubClient(std::unique_ptr<device::ClientImpl> impl) : impl_(std::move(impl)) {}

// Shut down before impl_ changes: until then a handler may still call this client.
IoTHubClient::~IoTHubClient() {
    shutdown();
}
IoTHubClient::IoTHubClient(IoTHubClient&& other) noexcept = default;
IoTHubClient& IoTHubClient::operator=(IoTHubClient&& other) noexcept {
    if (this != &other) {
        shutdown();
        impl_ = std::move(other.impl_);
    }
    return *this;
}

device::ClientImpl& IoTHubClient::impl() const {
    if (!impl_) {
        const Failure failure{FailureKind::shut_down, "the client was moved from"};
        std::rethrow_exception(device::to_exception(failure));
    }
    impl_->check_open();
    return *impl_;
}

void IoTHubClient::connect() {
    impl().connect();
}

void IoTHubClient::disconnect() {
    impl().disconnect();
}

void IoTHubClient::shutdown() {
    if (impl_) impl_->shutdown();
}

bool IoTHubClient::connected() const {
    return impl_ && impl_->connected();
}

void IoTHubClient::send_message(const Message& message) {
    impl().send_message(message);
}

void IoTHubClient::send_message(const std::string& data) {
    Message message;
    message.data = data;
    send_message(message);
}

void IoTHubClient::update_sastoken(const std::string& sastoken) {
    impl().update_sastoken(sastoken);
}

int IoTHubClient::descriptor() const {
    impl().check_own_loop();
    return impl().dispatcher().descriptor();
}

std::size_t IoTHubClient::run_once() {
    impl().check_own_loop();
    return impl().dispatcher().poll();
}

void IoTHubClient::on_new_sastoken_required(std::function<void()> handler) {
    impl().dispatcher().set_token_handler(std::move(handler));
}

void IoTHubClient::on_connection_state_change(std::function<void()> handler) {
    impl().dispatcher().set_state_handler(std::move(handler));
}

void IoTHubClient::on_background_exception(std::function<void(const std::exception&)> handler) {
    impl().dispatcher().set_exception_handler(std::move(handler));
}

}  // namespace restante
