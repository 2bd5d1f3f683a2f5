#pragma once
// What the parts of one AMQP connection share: its engine, its identities, its links.
//
// Owned by the session, lives on the connection's loop.

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>

#include "gateway/access/access.hpp"
#include "gateway/amqp/identities.hpp"
#include "gateway/amqp/link_node.hpp"

namespace restante::gateway {

struct AmqpContext {
    AmqpContext(const Access& a, amqp::Options options, net::ConnectionHandle h, net::Peer p,
                Now opened)
        : access(a),
          engine(std::move(options), opened.steady),
          handle(std::move(h)),
          peer(std::move(p)),
          now(opened),
          identities(a, handle, peer, [this](const auto& lost) { end_lost(lost); }) {}

    struct Link {
        std::optional<Claim> claim;      ///< whose link it is; none for a service's
        bool by_policy = false;          ///< it stands on the policy's token
        hub::IdentityWatch watch{};      ///< of its own when it stands on the policy's token
        std::unique_ptr<LinkNode> node;  ///< none until the link was authorised
    };

    /// The node of a link, null when the link is gone. Ids are never used twice, so whoever made
    /// the node knows its type.
    template <class Node>
    Node* find(amqp::LinkId link) {
        const auto found = links.find(link);
        return found == links.end() ? nullptr : static_cast<Node*>(found->second.node.get());
    }

    /// The error as the peer is told it.
    amqp::ErrorCondition refusal(const Error& error) const;

    /// Answers an attach with a refusal; `address` is for the log.
    void refuse_link(amqp::LinkId link, std::string_view address, const Error& reason);
    /// Ends a link from our side.
    void end_link(amqp::LinkId link, const Error& reason);
    /// A token or certificate no longer holds: the links that stood on it end and, with the last
    /// that proved anything, the connection.
    void end_lost(const Identities::Lost& lost);
    /// Over whom a link was granted to by the policy's token: an identity may end while that holds.
    hub::IdentityWatch watch(amqp::LinkId link, const Identities::Grant& grant);

    const Access& access;
    amqp::Connection engine;
    net::ConnectionHandle handle;
    net::Peer peer;
    Now now;  ///< of the call being handled

    Identities identities;
    bool telemetry_reported = false;
    /// Messages that the links have asked the hub for and that have not come yet, and how many may
    /// be at once: the whole queues of four devices. A thousand on one connection would otherwise
    /// have all of theirs in memory, 3 GB, before the first is written.
    std::size_t asked = 0;
    static constexpr std::size_t asked_max = 200;
    /// Nodes to call when output may be added.
    std::set<amqp::LinkId> fetches_wanted;
    /// Links whose peer drains them while a fetch is under way: the engine gives unused credit
    /// back with its next output, so that waits.
    std::set<amqp::LinkId> drains;
    /// Where each device or module hears about its twin.
    std::map<Claim, amqp::LinkId> twin_sources;
    std::unordered_map<amqp::LinkId, Link> links;  // last: a node's end uses the rest

  private:
    template <class Predicate>
    void end_links(const Error& reason, Predicate predicate);
};

}  // namespace restante::gateway
