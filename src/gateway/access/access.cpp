#include "gateway/access/access.hpp"

namespace restante::gateway {

Access::Access(hub::Hub& hub, auth::Keyring keyring, const Clock& clock, Logger log,
               std::string hostname)
    : hub_(hub),
      keyring_(std::make_shared<const auth::Keyring>(std::move(keyring))),
      clock_(clock),
      log_(log),
      hostname_(std::move(hostname)),
      hub_name_(hostname_.substr(0, hostname_.find('.'))) {}

void Access::replace_keyring(auth::Keyring keyring) {
    std::atomic_store(&keyring_, std::make_shared<const auth::Keyring>(std::move(keyring)));
    keyring_replaced_.notify();
}

void Access::authenticate_device(model::DeviceId device, std::string token,
                                 hub::Answer<DeviceProof> answer) const {
    auto signature = auth::SharedAccessSignature::parse(token);
    if (!signature) return answer(std::unexpected(signature.error()));
    authenticate_device(std::move(device), std::move(*signature), std::move(answer));
}

void Access::authenticate_device(model::DeviceId device, auth::SharedAccessSignature signature,
                                 hub::Answer<DeviceProof> answer) const {
    hub_.registry().find_device(
        std::move(device), [this, signature = std::move(signature),
                            answer = std::move(answer)](auto description) mutable {
            if (!description) {
                const auto code = description.error().code;
                return answer(fail(code, code == ErrorCode::device_not_found
                                             ? "the hub has no device of this id"
                                             : description.error().message));
            }
            const auto& identity = description->identity;
            const auto expiry = auth::check_device_token(signature, identity, keyring()->policies,
                                                         clock_.now().wall);
            if (!expiry) return answer(std::unexpected(expiry.error()));
            answer(DeviceProof{.identity_version = identity.version, .expires_at = *expiry});
        });
}

Result<auth::ServicePrincipal> Access::authenticate_service(std::string_view token) const {
    const auto signature = auth::SharedAccessSignature::parse(token);
    if (!signature) return std::unexpected(signature.error());
    return authenticate_service(*signature);
}

Result<auth::ServicePrincipal> Access::authenticate_service(
    const auth::SharedAccessSignature& token, std::span<const std::string> resource) const {
    return auth::check_service_token(token, keyring()->policies, clock_.now().wall, resource);
}

void Access::log_refusal(std::string_view protocol, const net::Peer& peer, std::string_view who,
                         const Error& reason) const {
    log_.warning(
        "refused",
        {{"protocol", protocol}, {"peer", peer.address}, {"who", who}, {"reason", reason.message}});
}

}  // namespace restante::gateway
