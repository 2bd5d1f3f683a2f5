#include "gateway/amqp/identities.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.hpp"
#include "base/text.hpp"

namespace restante::gateway {
namespace {

/// The segments of an audience below "devices": an id or, with a module's, four.
Result<Claim> read_claim(std::string_view device, std::optional<std::string_view> module) {
    auto id = model::DeviceId::parse(device);
    if (!id) return std::unexpected(id.error());
    Claim claim{.device = *std::move(id)};
    if (module) {
        auto module_id = model::ModuleId::parse(*module);
        if (!module_id) return std::unexpected(module_id.error());
        claim.module = *std::move(module_id);
    }
    return claim;
}

/// Whom an audience below "devices" means. A signature's path is decoded once, and some clients
/// escape an id twice.
Result<Candidates> candidates_of(const auth::SharedAccessSignature& token) {
    const auto& path = token.path();
    std::optional<std::string_view> module;
    if (path.size() > 2 && iequals(path[2], "modules")) {
        module = path.size() > 3 ? std::string_view(path[3]) : std::string_view();
    }
    auto once = read_claim(path[1], module);
    const std::string decoded = module ? percent_decode(*module) : std::string();
    auto twice = read_claim(percent_decode(path[1]),
                            module ? std::optional<std::string_view>(decoded) : std::nullopt);
    if (!once && !twice) {
        return fail(ErrorCode::unauthorized,
                    "the token's audience (sr) names no valid id: " + once.error().message);
    }
    Candidates who{.first = once ? *once : *twice};
    if (twice && *twice != who.first) who.other = *std::move(twice);
    return who;
}

bool is_absent(const Error& error) {
    return error.code == ErrorCode::device_not_found || error.code == ErrorCode::module_not_found;
}

std::string_view kind_of(const Claim& claim) {
    return claim.module ? "module" : "device";
}

}  // namespace

Result<Candidates> candidates_of(const wire::DeviceTarget& target) {
    std::optional<model::ModuleId> module;
    if (target.module_id) {
        auto id = model::ModuleId::parse(*target.module_id);
        if (!id) return std::unexpected(id.error());
        module = *std::move(id);
    }
    Candidates who{.first = {.device = target.id, .module = module}};
    if (target.raw_id) who.other = Claim{.device = *target.raw_id, .module = std::move(module)};
    return who;
}

// -- tokens put ----------------------------------------------------------------------------------

void Identities::put_token(std::string_view text, Answer<void> answer) {
    auto token = auth::SharedAccessSignature::parse(text);
    if (!token) return answer(std::unexpected(token.error()));
    if (token->path().size() < 2 || !iequals(token->path()[0], "devices")) {
        return answer(put_policy(std::move(*token)));
    }
    auto who = candidates_of(*token);
    if (!who) return answer(std::unexpected(who.error()));
    put(*who, *std::move(token), [answer = std::move(answer)](const auto& grant) mutable {
        answer(grant ? Result<void>() : std::unexpected(grant.error()));
    });
}

void Identities::put_token_of(const Candidates& who, std::string_view text, Answer<void> answer) {
    auto token = auth::SharedAccessSignature::parse(text);
    if (!token) return answer(std::unexpected(token.error()));
    put(who, *std::move(token), [answer = std::move(answer)](const auto& grant) mutable {
        answer(grant ? Result<void>() : std::unexpected(grant.error()));
    });
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
    const bool devices_only = !token.path().empty();
    auto principal = check(token, devices_only);
    if (!principal) return std::unexpected(principal.error());
    policy_.emplace(std::move(*principal), std::move(token), devices_only);
    find_next_expiry();
    return {};
}

Result<auth::ServicePrincipal> Identities::check(const auth::SharedAccessSignature& token,
                                                 bool devices_only) const {
    if (!devices_only) return access_.authenticate_service(token);
    const std::vector<std::string> all_devices{"devices"};
    auto principal = access_.authenticate_service(token, all_devices);
    if (principal) {
        const bool connects = auth::includes(principal->rights, auth::Rights::device_connect);
        principal->rights = connects ? auth::Rights::device_connect : auth::Rights::none;
    }
    return principal;
}

void Identities::put(const Candidates& who, Credential credential, Answer<Grant> answer) {
    auto kept = credential;
    prove(who, std::move(credential),
          [this, kept = std::move(kept), answer = std::move(answer)](auto grant) mutable {
              if (!grant) return answer(std::move(grant));
              const auto done = keep(*grant, std::move(kept));
              done ? answer(std::move(grant)) : answer(std::unexpected(done.error()));
          });
}

Result<void> Identities::keep(const Grant& grant, Credential credential) {
    if (clients_.size() >= devices_max && !clients_.contains(grant.claim)) {
        return fail(ErrorCode::cbs_token_maximum_exceeded,
                    fmt::format("a connection carries at most {} devices", devices_max));
    }
    if (std::holds_alternative<auth::ClientCertificate>(credential)) {
        if (certified_ && *certified_ != grant.claim) {
            return fail(ErrorCode::unauthorized,
                        fmt::format("the connection's certificate speaks for {} already: a "
                                    "connection by certificate carries one device",
                                    certified_->name()));
        }
        certified_ = grant.claim;
    }
    clients_.insert_or_assign(grant.claim, Client{.credential = std::move(credential),
                                                  .expires_at = grant.proof.expires_at,
                                                  .by_keyring = grant.proof.by_keyring,
                                                  .number = ++last_number_,
                                                  .watch = watch(grant, last_number_)});
    find_next_expiry();
    return {};
}

hub::IdentityWatch Identities::watch(const Grant& grant, std::uint64_t number) {
    return access_.hub().registry().watch(
        {.device = grant.claim.device,
         .module = grant.claim.module,
         .identity_version = grant.proof.identity_version,
         .ended = [this, handle = handle_, claim = grant.claim, number](const Error& reason) {
             handle.post([this, claim, number, reason] { lose(claim, number, reason); });
         }});
}

/// What was checked against a keyring that is gone is checked again.
void Identities::prove(Candidates who, Credential credential, Answer<Grant> answer) {
    const Claim claim = who.first;
    access_.authenticate(
        claim, credential,
        on_connection<DeviceProof>(
            handle_, [this, seen = keyrings_seen_, who = std::move(who), credential,
                      answer = std::move(answer)](const auto& proof) mutable {
                if (seen != keyrings_seen_) {
                    return prove(std::move(who), std::move(credential), std::move(answer));
                }
                if (proof) return answer(Grant{.claim = std::move(who.first), .proof = *proof});
                if (who.other && is_absent(proof.error())) {
                    return prove({.first = *std::move(who.other)}, std::move(credential),
                                 std::move(answer));
                }
                answer(std::unexpected(proof.error()));
            }));
}

// -- what they allow -----------------------------------------------------------------------------

void Identities::authorise(const Candidates& who, Answer<Grant> answer) {
    auto own = clients_.find(who.first);
    if (own == clients_.end() && who.other) own = clients_.find(*who.other);
    if (own != clients_.end()) {
        return prove({.first = own->first}, own->second.credential,
                     [this, answer = std::move(answer)](auto grant) mutable {
                         if (grant && !clients_.contains(grant->claim)) {
                             return answer(fail(ErrorCode::unauthorized,
                                                "what proved it ended while the link opened"));
                         }
                         answer(std::move(grant));
                     });
    }
    if (policy_) {
        if (auto allowed = require(auth::Rights::device_connect); !allowed) {
            return answer(std::unexpected(allowed.error()));
        }
        return prove(who, policy_->token, [answer = std::move(answer)](auto grant) mutable {
            if (grant) grant->by_policy = true;
            answer(std::move(grant));
        });
    }
    if (peer_.certificate_chain.empty()) {
        return answer(
            fail(ErrorCode::unauthorized,
                 fmt::format("the connection has put no token of this {}", kind_of(who.first))));
    }
    auto certificate = read_credential(std::nullopt, peer_);
    if (!certificate) return answer(std::unexpected(certificate.error()));
    put(who, *std::move(certificate), std::move(answer));
}

Result<void> Identities::require(auth::Rights right) const {
    if (!policy_) {
        return fail(ErrorCode::unauthorized,
                    clients_.empty() ? "the connection has put no token that proves who it is"
                                     : "a device's token does not open what is a service's");
    }
    if (auth::includes(policy_->principal.rights, right)) return {};
    return fail(
        ErrorCode::unauthorized,
        fmt::format("policy '{}' lacks the right {}", policy_->principal.policy,
                    right == auth::Rights::device_connect ? "DeviceConnect" : "ServiceConnect"));
}

std::string Identities::anyone() const {
    if (policy_) return policy_->principal.policy;
    return clients_.empty() ? "unknown" : clients_.begin()->first.name();
}

// -- their ends ----------------------------------------------------------------------------------

std::vector<Identities::Lost> Identities::take_expired(WallTime now) {
    std::vector<Lost> lost;
    if (!next_expiry_ || now < *next_expiry_) return lost;
    if (policy_ && policy_->principal.expires_at <= now) {
        lost.push_back({.name = std::move(policy_->principal.policy),
                        .claim = {},
                        .reason = Error(ErrorCode::unauthorized, "the policy's token expired")});
        policy_.reset();
    }
    std::erase_if(clients_, [&](const auto& entry) {
        const auto& [claim, client] = entry;
        if (client.expires_at > now) return false;
        const bool token = std::holds_alternative<auth::SharedAccessSignature>(client.credential);
        lost.push_back({.name = claim.name(),
                        .claim = claim,
                        .reason = Error(ErrorCode::unauthorized,
                                        fmt::format("the {}'s {} expired", kind_of(claim),
                                                    token ? "token" : "certificate"))});
        return true;
    });
    find_next_expiry();
    return lost;
}

void Identities::prove_again() {
    ++keyrings_seen_;
    if (policy_) {
        const auto principal = check(policy_->token, policy_->devices_only);
        // With fewer rights than it had it starts anew: the client puts its token again.
        if (!principal || !auth::includes(principal->rights, policy_->principal.rights)) {
            Lost gone{.name = std::move(policy_->principal.policy),
                      .claim = {},
                      .reason = principal ? Error(ErrorCode::unauthorized,
                                                  "the policy lost rights that it had")
                                          : principal.error()};
            policy_.reset();
            find_next_expiry();
            on_lost_(gone);
        } else {
            policy_->principal = *principal;
        }
    }
    for (const auto& [claim, client] : clients_) {
        if (!client.by_keyring) continue;
        prove({.first = claim}, client.credential,
              [this, claim, number = client.number](const auto& grant) {
                  if (!grant) lose(claim, number, grant.error());
              });
    }
}

/// Unless another token was put meanwhile: that one stands on a check and a watch of its own.
void Identities::lose(const Claim& claim, std::uint64_t number, const Error& reason) {
    const auto known = clients_.find(claim);
    if (known == clients_.end() || known->second.number != number) return;
    clients_.erase(known);
    find_next_expiry();
    on_lost_({.name = claim.name(), .claim = claim, .reason = reason});
}

void Identities::find_next_expiry() {
    next_expiry_.reset();
    if (policy_) next_expiry_ = policy_->principal.expires_at;
    for (const auto& [claim, client] : clients_) {
        next_expiry_ =
            next_expiry_ ? std::min(*next_expiry_, client.expires_at) : client.expires_at;
    }
}

}  // namespace restante::gateway
