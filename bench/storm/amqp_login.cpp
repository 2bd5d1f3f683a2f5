#include "amqp_login.hpp"

#include <string>
#include <utility>

#include "fleet/amqp_client_session.hpp"

namespace restante::storm {

/// What is sent to it stays unsettled.
class WaitingDevice final : public fleet::AmqpClientSession {
  public:
    WaitingDevice(Identity identity, std::string source)
        : AmqpClientSession(std::move(identity), [](auto) {}), source_(std::move(source)) {}
    using AmqpClientSession::Identity;
    using AmqpClientSession::leave;

    bool ready() const { return ready_; }

  private:
    static constexpr std::uint32_t credit = 10;

    void admitted() override { attach_receiver("waiting", source_); }
    void on_attached(amqp::LinkId link) override {
        engine().set_credit_window(link, credit);
        ready_ = true;
    }

    std::string source_;
    bool ready_ = false;
};

AmqpLogin::AmqpLogin(const Options& options) : options_(options) {
    if (options.restante_connection_string.empty()) return;
    hub_.emplace(options.restante_connection_string);
}

AmqpLogin::~AmqpLogin() = default;

void AmqpLogin::prepare(std::size_t count) {
    tokens_.reserve(count);
    for (std::size_t number = tokens_.size() + 1; hub_ && number <= count; ++number) {
        tokens_.push_back(hub_->device_token(fleet::Member(number)));
    }
    devices_.resize(count);
}

Bytes AmqpLogin::open(std::size_t number) {
    const fleet::Member member(number);
    const std::string host = hub_ ? hub_->host() : options_.host;
    WaitingDevice::Identity identity{.container = member.name(),
                                     .host = host,
                                     .audience = host + "/devices/" + member.name(),
                                     .token = {}};
    if (hub_) identity.token = tokens_[number - 1];
    auto& device = devices_[number - 1];
    device =
        std::make_unique<WaitingDevice>(std::move(identity), address_of(options_, member.name()));
    device->start({}, {}, SystemClock().now());
    return device->take_output();
}

Result<Turn> AmqpLogin::hear(std::size_t number, std::uint8_t stage, BytesView heard) {
    auto& device = *devices_[number - 1];
    device.receive(heard, SystemClock().now());
    if (const auto& fault = device.fault()) return std::unexpected(*fault);
    return Turn{.consumed = heard.size(),
                .stage = stage,
                .say = device.take_output(),
                .ready = device.ready()};
}

Bytes AmqpLogin::farewell(std::size_t number) {
    auto& device = *devices_[number - 1];
    device.leave();
    return device.take_output();
}

}  // namespace restante::storm
