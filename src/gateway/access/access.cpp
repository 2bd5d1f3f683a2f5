#include "gateway/access/access.hpp"

namespace restante::gateway {
namespace {

Error explain_absence(const Error& error) {
    if (error.code == ErrorCode::device_not_found) {
        return Error(error.code, "the hub has no device of this id");
    }
    if (error.code == ErrorCode::module_not_found) {
        return Error(error.code, "the device has no module of this id");
    }
    return error;
}

}  // namespace

std::string Claim::name() const {
    return module ? device.value() + '/' + module->value() : device.value();
}

Result<Credential> read_credential(std::optional<std::string_view> token, const net::Peer& peer) {
    if (token) {
        auto signature = auth::SharedAccessSignature::parse(*token);
        if (!signature) return std::unexpected(signature.error());
        return *std::move(signature);
    }
    if (peer.certificate_chain.empty()) {
        return fail(
            ErrorCode::unauthorized,
            "it shows neither a token (password, Authorization header) nor a client certificate");
    }
    auto certificate = auth::ClientCertificate::parse(peer.certificate_chain);
    if (!certificate) return std::unexpected(certificate.error());
    return *std::move(certificate);
}

Access::Access(hub::Hub& hub, auth::Keyring keyring, const Clock& clock, Logger log,
               std::string hostname)
    : hub_(hub),
      keys_(std::make_shared<const Keys>(std::move(keyring))),
      clock_(clock),
      log_(log),
      hostname_(std::move(hostname)),
      hub_name_(hostname_.substr(0, hostname_.find('.'))) {}

void Access::replace_keyring(auth::Keyring keyring) {
    std::atomic_store(&keys_, std::make_shared<const Keys>(std::move(keyring)));
    keyring_replaced_.notify();
}

void Access::authenticate(Claim claim, Credential credential,
                          hub::Answer<DeviceProof> answer) const {
    const auto device = claim.device;
    if (claim.module) {
        hub_.registry().find_module(
            device, *std::move(claim.module),
            [this, credential = std::move(credential),
             answer = std::move(answer)](auto module) mutable {
                if (!module) return answer(std::unexpected(explain_absence(module.error())));
                answer(check(credential, auth::subject_of(*module), module->identity.version));
            });
        return;
    }
    hub_.registry().find_device(device, [this, credential = std::move(credential),
                                         answer = std::move(answer)](auto found) mutable {
        if (!found) return answer(std::unexpected(explain_absence(found.error())));
        answer(check(credential, auth::subject_of(found->identity), found->identity.version));
    });
}

Result<DeviceProof> Access::check(const Credential& credential, const auth::Subject& subject,
                                  std::uint64_t version) const {
    const auto keys = this->keys();
    const WallTime now = clock_.now().wall;
    const auto* token = std::get_if<auth::SharedAccessSignature>(&credential);
    const auto expiry = token
                            ? auth::check_token(*token, subject, keys->keyring.policies, now)
                            : auth::check_certificate(std::get<auth::ClientCertificate>(credential),
                                                      subject, keys->authorities, now);
    if (!expiry) return std::unexpected(expiry.error());
    const bool issued =
        subject.authentication.type == model::AuthenticationType::certificate_authority;
    return DeviceProof{.identity_version = version,
                       .expires_at = *expiry,
                       .by_keyring = token ? token->policy().has_value() : issued};
}

Result<auth::ServicePrincipal> Access::authenticate_service(std::string_view token) const {
    const auto signature = auth::SharedAccessSignature::parse(token);
    if (!signature) return std::unexpected(signature.error());
    return authenticate_service(*signature);
}

Result<auth::ServicePrincipal> Access::authenticate_service(
    const auth::SharedAccessSignature& token, std::span<const std::string> resource) const {
    return auth::check_service_token(token, keys()->keyring.policies, clock_.now().wall, resource);
}

void Access::log_refusal(std::string_view protocol, const net::Peer& peer, std::string_view who,
                         const Error& reason) const {
    // A client that mixes up its fields may send a token where its name belongs.
    if (who.find("sig=") != std::string_view::npos) who = "a token in place of a name";
    log_.warning(
        "refused",
        {{"protocol", protocol}, {"peer", peer.address}, {"who", who}, {"reason", reason.message}});
}

}  // namespace restante::gateway
