#include "broker.hpp"

#include <fstream>
#include <sstream>
#include <stdexcept>

#include "auth/shared_access_signature.hpp"
#include "base/encoding.hpp"
#include "wire/connection_string.hpp"
#include "wire/topic.hpp"

namespace restante::load {
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

std::string token_of(const std::string& host, const std::string& connection_string,
                     WallTime expiry) {
    const auto login = value_or_throw(wire::ConnectionString::parse(connection_string));
    if (auto usable = login.check_service(); !usable) {
        throw std::invalid_argument(usable.error().message);
    }
    const auto key = from_base64(login.shared_access_key.value_or(""));
    if (!key) throw std::invalid_argument("the SharedAccessKey is not base64 text");
    return auth::SharedAccessSignature::create(host, *key, expiry, *login.shared_access_key_name);
}

}  // namespace

Broker::Broker(const Options& options) : options_(options) {
    expiry_ = clock_.now().wall + token_lifetime;
    if (!options.connection_string.empty()) {
        policy_token_ = token_of(options.host, options.connection_string, expiry_);
    }
    tls_ = value_or_throw(net::TlsClient::create({.ca_pem = read_file(options.ca_file)}));
}

Broker::Login Broker::device_login(const Member& member) const {
    if (!policy_token_) return {};
    return {.user_name = wire::mqtt_username(host(), member.id(), std::nullopt, "load"),
            .password = to_bytes(auth::SharedAccessSignature::create(
                host() + "/devices/" + member.name(), member.key(), expiry_))};
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
