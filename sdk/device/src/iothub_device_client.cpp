#include "restante/device/iothub_device_client.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <utility>

#include "configuration.hpp"
#include "core.hpp"
#include "dispatcher.hpp"
#include "message_properties.hpp"
#include "stragglers.hpp"

namespace restante {

using device::Configuration;
using device::Core;
using device::Dispatcher;
using device::Failure;
using device::FailureKind;
using device::Outcome;

namespace {

/// How long disconnect() and shutdown() wait for a handler that is running.
constexpr std::chrono::milliseconds handler_patience = std::chrono::seconds(10);

[[noreturn]] void raise(const Failure& failure) {
    std::rethrow_exception(device::to_exception(failure));
}

void finish(std::future<Outcome> outcome) {
    if (const Outcome failure = outcome.get()) raise(*failure);
}

}  // namespace

class IoTHubDeviceClient::Impl {
  public:
    explicit Impl(const Configuration& configuration)
        : configuration_(configuration),
          dispatcher_(std::make_shared<Dispatcher>(configuration.options.own_loop
                                                       ? Dispatcher::Driver::own_loop
                                                       : Dispatcher::Driver::thread)),
          core_(std::make_shared<Core>(configuration, dispatcher_)) {
        if (configuration.options.own_loop) return;
        std::promise<void> end;
        thread_ended_ = end.get_future();
        thread_ = std::thread([dispatcher = dispatcher_, end = std::move(end)]() mutable {
            dispatcher->run();
            dispatcher.reset();
            end.set_value();
        });
    }
    ~Impl() {
        shutdown();
        if (thread_.joinable())
            device::keep_straggler(std::move(thread_), std::move(thread_ended_));
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    void check_open() const {
        if (shut_down_) raise({FailureKind::shut_down, ""});
    }

    void connect() { finish(core_->connect()); }

    void disconnect() {
        if (dispatcher_->on_thread()) {
            dispatcher_->after_handler([core = core_, dispatcher = dispatcher_] {
                dispatcher->pause(std::chrono::milliseconds(0));
                finish(core->disconnect());
            });
            return;
        }
        dispatcher_->pause(handler_patience);
        finish(core_->disconnect());
    }

    void shutdown() {
        const bool first = !shut_down_.exchange(true);
        core_->refuse_requests();
        if (dispatcher_->on_thread()) {
            if (!first) return;
            dispatcher_->after_handler([core = core_, dispatcher = dispatcher_] {
                dispatcher->pause(std::chrono::milliseconds(0));
                finish(core->disconnect());
                dispatcher->stop(std::chrono::milliseconds(0));
            });
            return;
        }
        const std::lock_guard lock(ending_);
        if (ended_ || gave_up_) return;
        const bool idle = dispatcher_->pause(handler_patience);
        finish(core_->disconnect());
        const bool ended =
            dispatcher_->stop(idle ? handler_patience : std::chrono::milliseconds(0));
        core_->stop();
        gave_up_ = !ended;
        ended_ = ended;
        if (ended && thread_.joinable()) thread_.join();
    }

    void send_message(const Message& message) {
        device::check_telemetry(configuration_.device, message);
        finish(core_->send(message));
    }

    std::optional<Message> receive_message(std::chrono::milliseconds timeout) {
        {
            const std::lock_guard lock(setting_);
            if (mode_ == Mode::handler) {
                raise({FailureKind::misused,
                       "Cannot use receive APIs - receive handler(s) have already been set"});
            }
            if (mode_ == Mode::open) {
                finish(core_->want_messages(true));
                mode_ = Mode::receive;
            }
        }
        auto delivery = dispatcher_->take(timeout);
        if (!delivery) return std::nullopt;
        if (delivery->settle) delivery->settle(Settlement::complete);
        return std::move(delivery->message);
    }

    void update_sastoken(const std::string& sastoken) {
        if (!std::holds_alternative<device::TokenCredentials>(configuration_.credentials)) {
            raise({FailureKind::misused,
                   "Cannot update sastoken when client was not created with one"});
        }
        finish(core_->replace_token(
            configuration_.read_other_token(sastoken, SystemClock().now().wall)));
    }

    void check_own_loop() const {
        if (!configuration_.options.own_loop) {
            raise({FailureKind::misused,
                   "the client runs its handlers on a thread of its own; "
                   "set own_loop among its options"});
        }
    }

    void on_message_received(Dispatcher::MessageHandler handler) {
        const bool wanted = handler != nullptr;
        const std::lock_guard lock(setting_);
        if (mode_ == Mode::receive) {
            raise({FailureKind::misused,
                   "Cannot set receive handlers - receive APIs have already been used"});
        }
        mode_ = Mode::handler;
        auto before = dispatcher_->set_message_handler(std::move(handler));
        const Outcome failure = core_->want_messages(wanted).get();
        if (!failure) return;
        if (wanted) {
            if (!before) core_->forget_messages();
            dispatcher_->set_message_handler(std::move(before));
        }
        raise(*failure);
    }

    Dispatcher& dispatcher() { return *dispatcher_; }
    const Core& core() const { return *core_; }

  private:
    /// How messages reach the application: decided by what it uses first.
    enum class Mode : std::uint8_t { open, handler, receive };

    const Configuration configuration_;
    const std::shared_ptr<Dispatcher> dispatcher_;  // shared with its thread and Core
    const std::shared_ptr<Core> core_;              // shared with work a handler has deferred
    std::atomic<bool> shut_down_{false};
    std::mutex ending_;  // one shutdown() at a time
    bool gave_up_ = false;
    bool ended_ = false;
    std::mutex setting_;  // guards mode_ and the order in which the subscription changes
    Mode mode_ = Mode::open;
    std::future<void> thread_ended_;
    std::thread thread_;
};

IoTHubDeviceClient IoTHubDeviceClient::create_from_connection_string(
    const std::string& connection_string, const ClientOptions& options) {
    return IoTHubDeviceClient(
        std::make_unique<Impl>(Configuration::from_connection_string(connection_string, options)));
}

IoTHubDeviceClient IoTHubDeviceClient::create_from_symmetric_key(const std::string& symmetric_key,
                                                                 const std::string& hostname,
                                                                 const std::string& device_id,
                                                                 const ClientOptions& options) {
    return IoTHubDeviceClient(std::make_unique<Impl>(
        Configuration::from_symmetric_key(symmetric_key, hostname, device_id, options)));
}

IoTHubDeviceClient IoTHubDeviceClient::create_from_sastoken(const std::string& sastoken,
                                                            const ClientOptions& options) {
    return IoTHubDeviceClient(std::make_unique<Impl>(
        Configuration::from_sastoken(sastoken, SystemClock().now().wall, options)));
}

IoTHubDeviceClient IoTHubDeviceClient::create_from_x509_certificate(const X509& x509,
                                                                    const std::string& hostname,
                                                                    const std::string& device_id,
                                                                    const ClientOptions& options) {
    return IoTHubDeviceClient(std::make_unique<Impl>(
        Configuration::from_x509_certificate(x509, hostname, device_id, options)));
}

IoTHubDeviceClient::IoTHubDeviceClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

// Shut down before impl_ changes: until then a handler may still call this client.
IoTHubDeviceClient::~IoTHubDeviceClient() {
    shutdown();
}
IoTHubDeviceClient::IoTHubDeviceClient(IoTHubDeviceClient&& other) noexcept = default;
IoTHubDeviceClient& IoTHubDeviceClient::operator=(IoTHubDeviceClient&& other) noexcept {
    if (this != &other) {
        shutdown();
        impl_ = std::move(other.impl_);
    }
    return *this;
}

IoTHubDeviceClient::Impl& IoTHubDeviceClient::impl() const {
    if (!impl_) raise({FailureKind::shut_down, "the client was moved from"});
    impl_->check_open();
    return *impl_;
}

void IoTHubDeviceClient::connect() {
    impl().connect();
}

void IoTHubDeviceClient::disconnect() {
    impl().disconnect();
}

void IoTHubDeviceClient::shutdown() {
    if (impl_) impl_->shutdown();
}

bool IoTHubDeviceClient::connected() const {
    return impl_ && impl_->core().connected();
}

void IoTHubDeviceClient::send_message(const Message& message) {
    impl().send_message(message);
}

void IoTHubDeviceClient::send_message(const std::string& data) {
    Message message;
    message.data = data;
    send_message(message);
}

std::optional<Message> IoTHubDeviceClient::receive_message(std::chrono::milliseconds timeout) {
    return impl().receive_message(timeout);
}

void IoTHubDeviceClient::update_sastoken(const std::string& sastoken) {
    impl().update_sastoken(sastoken);
}

int IoTHubDeviceClient::descriptor() const {
    impl().check_own_loop();
    return impl().dispatcher().descriptor();
}

std::size_t IoTHubDeviceClient::run_once() {
    impl().check_own_loop();
    return impl().dispatcher().poll();
}

void IoTHubDeviceClient::on_message_received(std::function<void(const Message&)> handler) {
    if (!handler) return impl().on_message_received(nullptr);
    impl().on_message_received([handler = std::move(handler)](const Message& message) {
        handler(message);
        return Settlement::complete;
    });
}

void IoTHubDeviceClient::on_new_sastoken_required(std::function<void()> handler) {
    impl().dispatcher().set_token_handler(std::move(handler));
}

void IoTHubDeviceClient::on_connection_state_change(std::function<void()> handler) {
    impl().dispatcher().set_state_handler(std::move(handler));
}

void IoTHubDeviceClient::on_background_exception(
    std::function<void(const std::exception&)> handler) {
    impl().dispatcher().set_exception_handler(std::move(handler));
}

}  // namespace restante
