#pragma once
// Whom one connection speaks for: the tokens put on it, one by a policy and one by each device or
// module, and the certificate it came with. Each has an end of its own.
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

/// Whom an address or an audience may mean: some clients escape an id twice and an id may hold a
/// '%' of its own, so the registry decides which it is.
struct Candidates {
    Claim first;
    std::optional<Claim> other{};
};
/// Errors: argument_invalid, when the module's id breaks the rules.
Result<Candidates> candidates_of(const wire::DeviceTarget& target);

class Identities {
  public:
    /// Devices on one connection: Java's multiplexing client puts 1,000, the most of any SDK.
    static constexpr std::size_t devices_max = 1000;

    /// Called on the connection's loop, possibly before the call that takes it returns.
    template <class T>
    using Answer = std::move_only_function<void(Result<T>)>;

    /// Someone whose proof no longer holds: the policy or, with `claim`, a device or module.
    struct Lost {
        std::string name;
        std::optional<Claim> claim;
        Error reason;
    };

    /// `on_lost` is called on the connection's loop for each whose proof ended otherwise than by
    /// the clock, once it is forgotten: the keyring was replaced, or its identity was deleted,
    /// disabled or given other keys.
    Identities(const Access& access, net::ConnectionHandle handle, const net::Peer& peer,
               std::function<void(const Lost&)> on_lost)
        : access_(access), handle_(std::move(handle)), peer_(peer), on_lost_(std::move(on_lost)) {}

    /// Checks a token and keeps it for whatever its audience names; one of the same identity is
    /// replaced. Errors: unauthorized, device_not_found, device_disabled, module_not_found,
    /// cbs_token_maximum_exceeded.
    void put_token(std::string_view token, Answer<void> answer);
    /// A token for a device or module that was named beside it. Errors: likewise.
    void put_token_of(const Candidates& who, std::string_view token, Answer<void> answer);
    /// A token by that policy. Errors: unauthorized.
    Result<void> put_policy_token(std::string_view policy, std::string_view token);

    /// A device or module that may use a link, and what says so.
    struct Grant {
        Claim claim;
        DeviceProof proof;
        bool by_policy = false;
    };
    /// By its own token, or the policy's, or else by the connection's certificate, which speaks for
    /// one device or module. Errors: unauthorized, device_not_found, module_not_found,
    /// device_disabled.
    void authorise(const Candidates& who, Answer<Grant> answer);
    /// Whether the policy's token gives a right. Errors: unauthorized.
    Result<void> require(auth::Rights right) const;

    /// The policy or a device, for the log.
    std::string anyone() const;
    bool empty() const { return !policy_ && clients_.empty(); }

    std::optional<WallTime> next_expiry() const { return next_expiry_; }
    /// Forgets and names those whose tokens and certificates have ended.
    std::vector<Lost> take_expired(WallTime now);
    /// The keyring was replaced. Forgets those that the new one does not prove.
    void prove_again();

  private:
    struct Policy {
        auth::ServicePrincipal principal;
        auth::SharedAccessSignature token;
        bool devices_only;  ///< its audience is that of all devices
    };
    struct Client {
        Credential credential;
        WallTime expires_at;
        bool by_keyring;
        std::uint64_t number;  ///< another one for each token put
        hub::IdentityWatch watch;
    };

    Result<void> put_policy(auth::SharedAccessSignature token);
    Result<auth::ServicePrincipal> check(const auth::SharedAccessSignature& token,
                                         bool devices_only) const;
    void put(const Candidates& who, Credential credential, Answer<Grant> answer);
    Result<void> keep(const Grant& grant, Credential credential);
    void prove(Candidates who, Credential credential, Answer<Grant> answer);
    hub::IdentityWatch watch(const Grant& grant, std::uint64_t number);
    void lose(const Claim& claim, std::uint64_t number, const Error& reason);
    void find_next_expiry();

    const Access& access_;
    net::ConnectionHandle handle_;
    const net::Peer& peer_;
    const std::function<void(const Lost&)> on_lost_;
    std::optional<Policy> policy_;
    std::map<Claim, Client> clients_;
    std::optional<Claim> certified_;  ///< whom the connection's certificate speaks for
    std::optional<WallTime> next_expiry_;
    std::uint64_t keyrings_seen_ = 0;
    std::uint64_t last_number_ = 0;
};

}  // namespace restante::gateway
