#include "hub_client.hpp"

#include <fstream>
#include <sstream>
#include <stdexcept>

#include "auth/shared_access_signature.hpp"
#include "base/encoding.hpp"
#include "wire/connection_string.hpp"

namespace restante::fleet {
namespace {

/// Longer than any run.
constexpr std::chrono::hours token_lifetime{24};

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) throw std::invalid_argument("cannot read the file '" + path + "'");
    return text.str();
}

template <class T>
T value_or_throw(Result<T> result) {
    if (!result) throw std::invalid_argument(result.error().message);
    return std::move(*result);
}

}  // namespace

HubClient::HubClient(const Options& options)
    : mqtt_port_(options.mqtt_port),
      amqp_port_(options.amqp_port),
      https_port_(options.https_port) {
    const auto login = value_or_throw(wire::ConnectionString::parse(options.connection_string));
    if (auto usable = login.check_service(); !usable) {
        throw std::invalid_argument(usable.error().message);
    }
    host_ = value_or_throw(wire::split_host(login.host_name, https_port_)).host;
    expiry_ = clock_.now().wall + token_lifetime;
    const auto key = from_base64(login.shared_access_key.value_or(""));
    if (!key) throw std::invalid_argument("the SharedAccessKey is not base64 text");
    policy_token_ =
        auth::SharedAccessSignature::create(host_, *key, expiry_, *login.shared_access_key_name);
    tls_ = value_or_throw(net::TlsClient::create({.ca_pem = read_file(options.ca_file)}));
}

std::string HubClient::device_token(const Member& member) const {
    return auth::SharedAccessSignature::create(host_ + "/devices/" + member.name(), member.key(),
                                               expiry_);
}

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
    options.host = host_;
    options.port = number_of(port);
    options.tls = tls_;
    return net::connect(loop(), clock_, std::move(options), std::move(session));
}

}  // namespace restante::fleet
