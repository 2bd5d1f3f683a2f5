#include "broker.hpp"

namespace restante::load {

Broker::Broker(const Options& options)
    : options_(options),
      tls_(bench::value_or_throw(
          net::TlsClient::create({.ca_pem = bench::read_file(options.ca_file)}))) {
    if (!options.connection_string.empty()) hub_.emplace(options.connection_string);
}

std::optional<std::string> Broker::policy_token() const {
    return hub_ ? std::optional(hub_->policy_token()) : std::nullopt;
}

Broker::Login Broker::device_login(const Member& member) const {
    if (!hub_) return {};
    return {.user_name = hub_->mqtt_user_name(member),
            .password = to_bytes(hub_->device_token(member))};
}

std::string Broker::device_filter(const Member& member) const {
    std::string filter = options_.device_filter;
    constexpr std::string_view place = "{}";
    if (const auto at = filter.find(place); at != std::string::npos) {
        filter.replace(at, place.size(), member.name());
    }
    return filter;
}

std::uint16_t Broker::number_of(Port port) const {
    switch (port) {
        case Port::mqtt:
            return options_.mqtt_port;
        case Port::amqp:
            return options_.amqp_port;
        case Port::nats:
            return options_.nats_port;
    }
    return 0;
}

net::ConnectionHandle Broker::connect(Port port, std::unique_ptr<net::Session> session) {
    net::ConnectOptions options;
    options.host = host();
    options.port = number_of(port);
    options.tls = tls_;
    return net::connect(loop(), clock_, std::move(options), std::move(session));
}

}  // namespace restante::load
