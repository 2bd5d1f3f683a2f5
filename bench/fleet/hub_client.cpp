#include "hub_client.hpp"

namespace restante::fleet {

HubClient::HubClient(const Options& options)
    : mqtt_port_(options.mqtt_port),
      amqp_port_(options.amqp_port),
      https_port_(options.https_port),
      login_(options.connection_string),
      tls_(bench::value_or_throw(
          net::TlsClient::create({.ca_pem = bench::read_file(options.ca_file)}))) {}

std::uint16_t HubClient::number_of(Port port) const {
    switch (port) {
        case Port::mqtt:
            return mqtt_port_;
        case Port::amqp:
            return amqp_port_;
        case Port::https:
            return https_port_;
    }
    return 0;
}

net::ConnectionHandle HubClient::connect(Port port, std::unique_ptr<net::Session> session) {
    net::ConnectOptions options;
    options.host = host();
    options.port = number_of(port);
    options.tls = tls_;
    return net::connect(loop(), clock_, std::move(options), std::move(session));
}

}  // namespace restante::fleet
