#pragma once
// Whom one connection speaks for: the tokens put on it, one by a policy and one by each device,
// each with an end of its own.
//
// Owned by the connection's context, lives on its loop. A token is checked when it is put, and
// again for each link that stands on it: an identity may have changed in between, and the hub
// attaches a device only by the version of it that its proof was checked against.

#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "gateway/access/access.hpp"
#include "wire/devicebound_address.hpp"

namespace restante::gateway {

class Identities {
  public:
    /// Devices on one connection: Java's multiplexing client puts 1,000, the most of any SDK.
    static constexpr std::size_t devices_max = 1000;

    /// Called on the connection's loop, possibly before the call that takes it returns.
    template <class T>
    using Answer = std::move_only_function<void(Result<T>)>;

    Identities(const Access& access, net::ConnectionHandle handle)
        : access_(access), handle_(std::move(handle)) {}

    /// Checks a token and keeps it for whatever its audience names; one of the same identity is
    /// replaced. Errors: unauthorized, device_not_found, device_disabled, module_not_found,
    /// cbs_token_maximum_exceeded.
    void put_token(std::string_view token, Answer<void> answer);
    /// A token for a device that was named beside it. Errors: likewise.
    void put_device_token(const wire::DeviceTarget& device, std::string_view token,
                          Answer<void> answer);
    /// A token by that policy. Errors: unauthorized.
    Result<void> put_policy_token(std::string_view policy, std::string_view token);

    /// A device that may use a link, and whose token says so.
    struct Grant {
        model::DeviceId device;
        DeviceProof proof;
        bool by_policy = false;
    };
    /// Errors: unauthorized, device_not_found, device_disabled.
    void authorise(const wire::DeviceTarget& device, Answer<Grant> answer);
    /// Whether the policy's token gives a right. Errors: unauthorized.
    Result<void> require(auth::Rights right) const;

    /// The policy or the device, for the log.
    std::string_view anyone() const;
    bool empty() const { return !policy_ && devices_.empty(); }

    std::optional<WallTime> next_expiry() const { return next_expiry_; }
    struct Expired {
        std::optional<std::string> policy;
        std::vector<model::DeviceId> devices;
    };
    /// Forgets and names those whose tokens have ended.
    Expired take_expired(WallTime now);
    void forget(const model::DeviceId& device);

  private:
    struct Policy {
        auth::ServicePrincipal principal;
        auth::SharedAccessSignature token;
    };
    struct Device {
        auth::SharedAccessSignature token;
        WallTime expires_at;
    };

    Result<void> put_policy(auth::SharedAccessSignature token);
    void put_device(model::DeviceId device, std::optional<model::DeviceId> other,
                    auth::SharedAccessSignature token, Answer<void> answer);
    Result<void> keep(const Grant& grant, auth::SharedAccessSignature token);
    void prove(model::DeviceId device, std::optional<model::DeviceId> other,
               auth::SharedAccessSignature token, Answer<Grant> answer);
    void find_next_expiry();

    const Access& access_;
    net::ConnectionHandle handle_;
    std::optional<Policy> policy_;
    std::map<model::DeviceId, Device> devices_;
    std::optional<WallTime> next_expiry_;
};

}  // namespace restante::gateway
