#include "gateway/amqp/identities.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.hpp"
#include "base/text.hpp"

namespace restante::gateway {
namespace {

/// Whom an audience below "devices" means. A signature's path is decoded once, and some clients
/// escape an id twice; which of the two it was, the registry knows.
Result<wire::DeviceTarget> device_of(const auth::SharedAccessSignature& token) {
    const auto& path = token.path();
    if (path.size() > 2 && iequals(path[2], "modules")) {
        return fail(ErrorCode::module_not_found, "this hub has no module identities");
    }
    auto once = model::DeviceId::parse(path[1]);
    auto twice = model::DeviceId::parse(percent_decode(path[1]));
    if (!once && !twice) {
        return fail(ErrorCode::unauthorized,
                    "the token's audience (sr) names no valid device id: " + once.error().message);
    }
    wire::DeviceTarget device{.id = once ? *once : *twice, .raw_id = {}, .module_id = {}};
    if (twice && *twice != device.id) device.raw_id = std::move(*twice);
    return device;
}

}  // namespace

// -- tokens put ----------------------------------------------------------------------------------

void Identities::put_token(std::string_view text, Answer<void> answer) {
    auto token = auth::SharedAccessSignature::parse(text);
    if (!token) return answer(std::unexpected(token.error()));
    if (token->path().size() < 2 || !iequals(token->path()[0], "devices")) {
        return answer(put_policy(std::move(*token)));
    }
    auto device = device_of(*token);
    if (!device) return answer(std::unexpected(device.error()));
    put_device(std::move(device->id), std::move(device->raw_id), std::move(*token),
               std::move(answer));
}

void Identities::put_device_token(const wire::DeviceTarget& device, std::string_view text,
                                  Answer<void> answer) {
    auto token = auth::SharedAccessSignature::parse(text);
    if (!token) return answer(std::unexpected(token.error()));
    put_device(device.id, device.raw_id, std::move(*token), std::move(answer));
}

Result<void> Identities::put_policy_token(std::string_view policy, std::string_view text) {
    auto token = auth::SharedAccessSignature::parse(text);
    if (!token) return std::unexpected(token.error());
    if (token->policy() && *token->policy() != policy) {
        return fail(ErrorCode::unauthorized,
                    "the SASL PLAIN user name and the token name different policies");
    }
    return put_policy(std::move(*token));
}

/// For the whole hub, or for all its devices: then it opens nothing but their links.
Result<void> Identities::put_policy(auth::SharedAccessSignature token) {
    const std::vector<std::string> all_devices{"devices"};
    const bool devices_only = !token.path().empty();
    auto principal = devices_only ? access_.authenticate_service(token, all_devices)
                                  : access_.authenticate_service(token);
    if (!principal) return std::unexpected(principal.error());
    if (devices_only) {
        const bool connects = auth::includes(principal->rights, auth::Rights::device_connect);
        principal->rights = connects ? auth::Rights::device_connect : auth::Rights::none;
    }
    policy_.emplace(std::move(*principal), std::move(token));
    find_next_expiry();
    return {};
}

void Identities::put_device(model::DeviceId device, std::optional<model::DeviceId> other,
                            auth::SharedAccessSignature token, Answer<void> answer) {
    auto kept = token;
    prove(std::move(device), std::move(other), std::move(token),
          [this, kept = std::move(kept), answer = std::move(answer)](auto grant) mutable {
              answer(grant ? keep(*grant, std::move(kept)) : std::unexpected(grant.error()));
          });
}

Result<void> Identities::keep(const Grant& grant, auth::SharedAccessSignature token) {
    if (devices_.size() >= devices_max && !devices_.contains(grant.device)) {
        return fail(ErrorCode::cbs_token_maximum_exceeded,
                    fmt::format("a connection carries at most {} devices", devices_max));
    }
    devices_.insert_or_assign(
        grant.device, Device{.token = std::move(token), .expires_at = grant.proof.expires_at});
    find_next_expiry();
    return {};
}

void Identities::prove(model::DeviceId device, std::optional<model::DeviceId> other,
                       auth::SharedAccessSignature token, Answer<Grant> answer) {
    access_.authenticate(
        {.device = device}, token,
        on_connection<DeviceProof>(handle_, [this, device, other = std::move(other), token,
                                             answer =
                                                 std::move(answer)](const auto& proof) mutable {
            if (proof) return answer(Grant{.device = std::move(device), .proof = *proof});
            if (other && proof.error().code == ErrorCode::device_not_found) {
                return prove(std::move(*other), std::nullopt, std::move(token), std::move(answer));
            }
            answer(std::unexpected(proof.error()));
        }));
}

// -- what they allow -----------------------------------------------------------------------------

void Identities::authorise(const wire::DeviceTarget& device, Answer<Grant> answer) {
    auto own = devices_.find(device.id);
    if (own == devices_.end() && device.raw_id) own = devices_.find(*device.raw_id);
    if (own != devices_.end()) {
        return prove(own->first, std::nullopt, own->second.token, std::move(answer));
    }
    if (!policy_) {
        return answer(
            fail(ErrorCode::unauthorized, "the connection has put no token of this device"));
    }
    if (auto allowed = require(auth::Rights::device_connect); !allowed) {
        return answer(std::unexpected(allowed.error()));
    }
    prove(device.id, device.raw_id, policy_->token,
          [answer = std::move(answer)](auto grant) mutable {
              if (grant) grant->by_policy = true;
              answer(std::move(grant));
          });
}

Result<void> Identities::require(auth::Rights right) const {
    if (!policy_) {
        return fail(ErrorCode::unauthorized,
                    devices_.empty() ? "the connection has put no token that proves who it is"
                                     : "a device's token does not open what is a service's");
    }
    if (auth::includes(policy_->principal.rights, right)) return {};
    return fail(
        ErrorCode::unauthorized,
        fmt::format("policy '{}' lacks the right {}", policy_->principal.policy,
                    right == auth::Rights::device_connect ? "DeviceConnect" : "ServiceConnect"));
}

std::string_view Identities::anyone() const {
    if (policy_) return policy_->principal.policy;
    return devices_.empty() ? "unknown" : std::string_view(devices_.begin()->first.value());
}

// -- their ends ----------------------------------------------------------------------------------

Identities::Expired Identities::take_expired(WallTime now) {
    Expired expired;
    if (!next_expiry_ || now < *next_expiry_) return expired;
    if (policy_ && policy_->principal.expires_at <= now) {
        expired.policy = std::move(policy_->principal.policy);
        policy_.reset();
    }
    std::erase_if(devices_, [&](const auto& entry) {
        if (entry.second.expires_at > now) return false;
        expired.devices.push_back(entry.first);
        return true;
    });
    find_next_expiry();
    return expired;
}

void Identities::forget(const model::DeviceId& device) {
    devices_.erase(device);
    find_next_expiry();
}

void Identities::find_next_expiry() {
    next_expiry_.reset();
    if (policy_) next_expiry_ = policy_->principal.expires_at;
    for (const auto& [id, device] : devices_) {
        next_expiry_ =
            next_expiry_ ? std::min(*next_expiry_, device.expires_at) : device.expires_at;
    }
}

}  // namespace restante::gateway
