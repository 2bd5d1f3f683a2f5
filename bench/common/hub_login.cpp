#include "common/hub_login.hpp"

#include <fstream>
#include <sstream>

#include "auth/shared_access_signature.hpp"
#include "base/encoding.hpp"
#include "wire/connection_string.hpp"
#include "wire/topic.hpp"

namespace restante::bench {
namespace {

/// Longer than any run.
constexpr std::chrono::hours token_lifetime{24};

/// Of a host name that names none; only the host is wanted.
constexpr std::uint16_t any_port = 443;

}  // namespace

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) throw std::invalid_argument("cannot read the file '" + path + "'");
    return text.str();
}

HubLogin::HubLogin(const std::string& connection_string)
    : expiry_(SystemClock().now().wall + token_lifetime) {
    const auto login = value_or_throw(wire::ConnectionString::parse(connection_string));
    if (auto usable = login.check_service(); !usable) {
        throw std::invalid_argument(usable.error().message);
    }
    host_ = value_or_throw(wire::split_host(login.host_name, any_port)).host;
    const auto key = from_base64(login.shared_access_key.value_or(""));
    if (!key) throw std::invalid_argument("the SharedAccessKey is not base64 text");
    policy_token_ =
        auth::SharedAccessSignature::create(host_, *key, expiry_, *login.shared_access_key_name);
}

std::string HubLogin::device_token(const fleet::Member& member) const {
    return auth::SharedAccessSignature::create(host_ + "/devices/" + member.name(), member.key(),
                                               expiry_);
}

std::string HubLogin::mqtt_user_name(const fleet::Member& member) const {
    return wire::mqtt_username(host_, member.id(), std::nullopt, "fleet");
}

}  // namespace restante::bench
