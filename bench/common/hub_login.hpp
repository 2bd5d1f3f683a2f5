#pragma once
// What a connection string of a hub's policy opens: tokens for the whole hub, and for each device
// of the fleet, whose keys everybody knows.

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "common/member.hpp"

namespace restante::bench {

/// Throws std::invalid_argument with the error's words.
template <class T>
T value_or_throw(Result<T> result) {
    if (!result) throw std::invalid_argument(result.error().message);
    return std::move(*result);
}

/// Throws std::invalid_argument.
std::string read_file(const std::string& path);

class HubLogin {
  public:
    /// Throws std::invalid_argument.
    explicit HubLogin(const std::string& connection_string);

    const std::string& host() const { return host_; }
    const std::string& policy_token() const { return policy_token_; }
    std::string device_token(const fleet::Member& member) const;
    std::string mqtt_user_name(const fleet::Member& member) const;

  private:
    std::string host_;
    std::string policy_token_;
    WallTime expiry_;
};

}  // namespace restante::bench
