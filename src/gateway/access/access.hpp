#pragma once
// The door every gateway shares: the hub behind it, the keyring that opens it, the log that says
// who was turned away and why. Owned by the server, outlives every session, used from any thread.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "auth/authenticator.hpp"
#include "auth/keyring.hpp"
#include "base/logger.hpp"
#include "hub/hub.hpp"
#include "net/broadcast.hpp"
#include "net/session.hpp"

namespace restante::gateway {

/// The body of a status 501 that answers a device's twin request: without an answer it would wait
/// for ever.
inline constexpr std::string_view no_twins_json =
    R"({"errorCode":501000,"message":"This hub keeps no device twins."})";

/// Whom a peer says it is: a device, or one of its modules.
struct Claim {
    model::DeviceId device;
    std::optional<model::ModuleId> module{};

    /// "d1", "d1/m1".
    std::string name() const;
    auto operator<=>(const Claim&) const = default;
};

/// What a peer shows for it.
using Credential = std::variant<auth::SharedAccessSignature, auth::ClientCertificate>;

/// The token that was sent or, without one, the certificate of the TLS connection: a token says
/// more precisely what is meant. Errors: unauthorized.
Result<Credential> read_credential(std::optional<std::string_view> token, const net::Peer& peer);

/// What a device or module proved: which version of its identity, and until when.
struct DeviceProof {
    std::uint64_t identity_version = 0;
    WallTime expires_at;
    /// A policy's key or an authority stands behind it, so a new keyring may end it.
    bool by_keyring = false;
};

class Access {
  public:
    Access(hub::Hub& hub, auth::Keyring keyring, const Clock& clock, Logger log,
           std::string hostname);

    hub::Hub& hub() const { return hub_; }
    const Logger& log() const { return log_; }
    const std::string& hostname() const { return hostname_; }
    /// The first label of the host name: the service's word for a hub's name.
    const std::string& hub_name() const { return hub_name_; }
    Now now() const { return clock_.now(); }

    /// The keys that count from now on. Whoever is connected proves itself again by them.
    void replace_keyring(auth::Keyring keyring);
    /// Runs `prove_again` on the connection's loop whenever the keyring was replaced. Asked for
    /// before the first proof, so that no replacement is missed.
    [[nodiscard]] net::Broadcast::Subscription on_new_keyring(
        net::ConnectionHandle handle, std::function<void()> prove_again) const {
        return keyring_replaced_.subscribe(std::move(handle), std::move(prove_again));
    }

    /// Checks what was shown against the identity. The answer comes on the hub's loop.
    /// Errors: unauthorized, device_not_found, module_not_found, device_disabled, each with a
    /// sentence for the log.
    void authenticate(Claim claim, Credential credential, hub::Answer<DeviceProof> answer) const;

    /// Errors: unauthorized.
    Result<auth::ServicePrincipal> authenticate_service(std::string_view token) const;
    /// For what lies below `resource`, as in "devices".
    Result<auth::ServicePrincipal> authenticate_service(
        const auth::SharedAccessSignature& token, std::span<const std::string> resource = {}) const;

    /// A peer was turned away: one line that names it and says why in words.
    void log_refusal(std::string_view protocol, const net::Peer& peer, std::string_view who,
                     const Error& reason) const;

  private:
    /// A keyring, and what is made of it once.
    struct Keys {
        explicit Keys(auth::Keyring taken)
            : keyring(std::move(taken)), authorities(keyring.authorities) {}
        auth::Keyring keyring;
        auth::TrustedAuthorities authorities;
    };
    std::shared_ptr<const Keys> keys() const { return std::atomic_load(&keys_); }
    Result<DeviceProof> check(const Credential& credential, const auth::Subject& subject,
                              std::uint64_t version) const;

    hub::Hub& hub_;
    std::shared_ptr<const Keys> keys_;  // shared by the checks under way; atomic
    mutable net::Broadcast keyring_replaced_;
    const Clock& clock_;
    Logger log_;
    std::string hostname_;
    std::string hub_name_;
};

/// An answer that runs `work` on the connection's own loop, or not at all once it has ended.
template <class T, class Work>
hub::Answer<T> on_connection(net::ConnectionHandle handle, Work work) {
    return [handle = std::move(handle), work = std::move(work)](Result<T> result) mutable {
        handle.post([work = std::move(work), result = std::move(result)]() mutable {
            work(std::move(result));
        });
    };
}

}  // namespace restante::gateway
