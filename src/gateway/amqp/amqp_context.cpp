#include "gateway/amqp/amqp_context.hpp"

#include "wire/error_table.hpp"

namespace restante::gateway {

amqp::ErrorCondition AmqpContext::refusal(const Error& error) const {
    const wire::Tracking tracking{.id = Uuid::random(), .at = now.wall};
    amqp::ErrorCondition condition{.condition = std::string(wire::error_row(error.code).condition),
                                   .description = wire::amqp_error_description(error, tracking)};
    condition.info.add(amqp::Symbol{"com.microsoft:tracking-id"}, tracking.text());
    return condition;
}

void AmqpContext::refuse_link(amqp::LinkId link, std::string_view address, const Error& reason) {
    access.log().warning("link_refused", {{"protocol", "amqp"},
                                          {"peer", peer.address},
                                          {"address", address},
                                          {"reason", reason.message}});
    engine.refuse_attach(link, refusal(reason));
    links.erase(link);
}

void AmqpContext::end_link(amqp::LinkId link, const Error& reason) {
    const auto found = links.find(link);
    if (found == links.end()) return;
    const auto& claim = found->second.claim;
    access.log().warning("link_ended", {{"protocol", "amqp"},
                                        {"peer", peer.address},
                                        {"who", claim ? claim->name() : identities.anyone()},
                                        {"reason", reason.message}});
    engine.detach(link, refusal(reason));
    links.erase(found);
}

template <class Predicate>
void AmqpContext::end_links(const Error& reason, Predicate predicate) {
    std::vector<amqp::LinkId> ended;
    for (const auto& [id, link] : links) {
        if (link.node && predicate(link)) ended.push_back(id);
    }
    for (const auto id : ended) end_link(id, reason);
}

void AmqpContext::end_lost(const Identities::Lost& lost) {
    access.log_refusal("amqp", peer, lost.name, lost.reason);
    end_links(lost.reason, [&](const Link& link) {
        return lost.claim ? !link.by_policy && link.claim == lost.claim : link.by_policy;
    });
    if (identities.empty()) engine.close(refusal(lost.reason));
}

hub::IdentityWatch AmqpContext::watch(amqp::LinkId link, const Identities::Grant& grant) {
    return access.hub().registry().watch({.device = grant.claim.device,
                                          .module = grant.claim.module,
                                          .identity_version = grant.proof.identity_version,
                                          .ended = [this, at = handle, link](const Error& reason) {
                                              at.post(
                                                  [this, link, reason] { end_link(link, reason); });
                                          }});
}

}  // namespace restante::gateway
