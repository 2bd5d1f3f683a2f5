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
    const auto& device = found->second.device;
    access.log().warning("link_ended", {{"protocol", "amqp"},
                                        {"peer", peer.address},
                                        {"who", device ? device->value() : identities.anyone()},
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

void AmqpContext::end_device(const model::DeviceId& device, const Error& reason) {
    identities.forget(device);
    end_links(reason, [&](const Link& link) { return link.device == device; });
}

void AmqpContext::end_expired(const Identities::Expired& expired) {
    if (expired.policy) {
        const Error reason(ErrorCode::unauthorized, "the policy's token expired");
        access.log_refusal("amqp", peer, *expired.policy, reason);
        end_links(reason, [](const Link& link) { return link.by_policy; });
    }
    for (const auto& device : expired.devices) {
        const Error reason(ErrorCode::unauthorized, "the device's token expired");
        access.log_refusal("amqp", peer, device.value(), reason);
        end_links(reason,
                  [&](const Link& link) { return !link.by_policy && link.device == device; });
    }
}

}  // namespace restante::gateway
