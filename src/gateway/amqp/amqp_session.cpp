#include "gateway/amqp/amqp_session.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/text.hpp"

namespace restante::gateway {
namespace {

/// The policy in "{policy}@sas.root.{hub}", the user name of a service that speaks PLAIN.
std::optional<std::string_view> policy_of(std::string_view user) {
    const auto at = user.find("@sas.root.");
    if (at == std::string_view::npos) return std::nullopt;
    return user.substr(0, at);
}

/// The device or module in "{device}@sas.{hub}", "{device}/modules/{module}@{hub}", percent-encoded
/// or not: the same text as in the path of an address.
Result<Candidates> client_of_user(std::string_view user) {
    const auto at = user.rfind('@');
    const auto target =
        at == std::string_view::npos
            ? fail(ErrorCode::unauthorized, "")
            : wire::parse_to(fmt::format("/devices/{}/messages/devicebound", user.substr(0, at)));
    if (!target) {
        return fail(ErrorCode::unauthorized,
                    "the SASL PLAIN user name is neither of the form policy@sas.root.hub nor "
                    "device@sas.hub or device/modules/module@sas.hub");
    }
    return candidates_of(*target);
}

}  // namespace

void AmqpSession::start(net::ConnectionHandle handle, const net::Peer& peer, Now now) {
    amqp::Options options;
    options.side = amqp::Side::server;
    options.container_id = "restante_" + Uuid::random().to_string();
    options.offer_external = !peer.certificate_chain.empty();
    context_ =
        std::make_unique<AmqpContext>(access_, std::move(options), std::move(handle), peer, now);
    cbs_ = std::make_unique<CbsNode>(*context_);
    keyring_replaced_ =
        access_.on_new_keyring(context_->handle, [this] { context_->identities.prove_again(); });
}

void AmqpSession::receive(BytesView bytes, Now now) {
    context_->now = now;
    context_->engine.receive(bytes, now.steady);
    handle_events();
}

Bytes AmqpSession::take_output() {
    if (!context_) return {};
    handle_events();  // of what posted work has done
    for (const auto link : std::exchange(context_->fetches_wanted, {})) {
        if (auto* node = context_->find<LinkNode>(link)) node->fetch();
    }
    if (!context_->drains.empty() && !finished()) return {};
    return context_->engine.take_output();
}

std::optional<SteadyTime> AmqpSession::next_deadline() const {
    auto deadline = context_->engine.next_deadline();
    const auto next = context_->identities.next_expiry();
    if (next && !finished()) {
        const SteadyTime expiry = context_->now.steady + (*next - context_->now.wall);
        deadline = deadline ? std::min(*deadline, expiry) : expiry;
    }
    return deadline;
}

void AmqpSession::advance(Now now) {
    context_->now = now;
    context_->engine.advance(now.steady);
    handle_events();
    for (const auto& lost : context_->identities.take_expired(now.wall)) context_->end_lost(lost);
}

void AmqpSession::closed(const Error& reason) {
    access_.log().debug("connection_closed", {{"protocol", "amqp"}, {"reason", reason.message}});
    if (context_) context_->links.clear();
}

void AmqpSession::handle_events() {
    while (auto event = context_->engine.next_event()) {
        std::visit([this](auto&& e) { on(std::forward<decltype(e)>(e)); }, std::move(*event));
    }
}

// -- who it is -----------------------------------------------------------------------------------

void AmqpSession::on(amqp::SaslRequested&& event) {
    if (event.mechanism == "ANONYMOUS" || event.mechanism == "MSSBCBS" ||
        event.mechanism == "EXTERNAL") {
        // Nothing is proved yet: a token on $cbs will, or the certificate once a link says for
        // whom.
        return context_->engine.sasl_outcome(amqp::SaslCode::ok);
    }
    if (event.mechanism == "PLAIN") {
        return authenticate_plain(event.initial_response.value_or(Bytes{}));
    }
    sasl_proved("unknown", fail(ErrorCode::unauthorized,
                                fmt::format("SASL {} is not offered here", event.mechanism)));
}

/// [authorization id] NUL user NUL password (RFC 4616): a policy or a device, and a token.
void AmqpSession::authenticate_plain(BytesView response) {
    const auto parts = split(as_text(response), '\0');
    if (parts.size() != 3) {
        return sasl_proved(
            "unknown", fail(ErrorCode::unauthorized, "SASL PLAIN has no user name and password"));
    }
    if (const auto policy = policy_of(parts[1])) {
        return sasl_proved(*policy, context_->identities.put_policy_token(*policy, parts[2]));
    }
    const auto client = client_of_user(parts[1]);
    if (!client) return sasl_proved("unknown", std::unexpected(client.error()));
    context_->identities.put_token_of(
        *client, parts[2],
        [this, name = client->first.name()](const auto& proved) { sasl_proved(name, proved); });
}

void AmqpSession::sasl_proved(std::string_view who, const Result<void>& proved) {
    if (proved) {
        context_->engine.authenticated();
    } else {
        access_.log_refusal("amqp", context_->peer, who, proved.error());
    }
    context_->engine.sasl_outcome(proved ? amqp::SaslCode::ok : amqp::SaslCode::auth);
}

// -- links ---------------------------------------------------------------------------------------

void AmqpSession::on(amqp::AttachRequested&& event) {
    LinkRequest request(event);
    if (std::holds_alternative<wire::Cbs>(request.node)) {
        return add_link(
            event.link,
            {.node = request.peer_sends() ? cbs_->make_request_link(event.session, event.link)
                                          : cbs_->make_response_link(event.session, event.link)});
    }
    if (const auto* device = device_of(request.node)) {
        return open_client_link(request, *device);
    }
    auto node = make_service_node(*context_, request);
    if (!node) return context_->refuse_link(event.link, request.address, node.error());
    add_link(event.link, {.by_policy = true, .node = std::move(*node)});
}

void AmqpSession::add_link(amqp::LinkId link, AmqpContext::Link entry) {
    auto& node = context_->links.insert_or_assign(link, std::move(entry)).first->second.node;
    node->open();
}

void AmqpSession::open_client_link(LinkRequest request, const wire::DeviceTarget& target) {
    const auto who = candidates_of(target);
    if (!who) return context_->refuse_link(request.link, request.address, who.error());
    context_->links.emplace(request.link, AmqpContext::Link{});  // known while it is authorised
    context_->identities.authorise(*who, [this, request = std::move(request)](auto grant) {
        const auto link = request.link;
        if (!context_->links.contains(link)) return;
        if (!grant) return context_->refuse_link(link, request.address, grant.error());
        context_->engine.authenticated();  // by a certificate no earlier than here
        AmqpContext::Link entry{.claim = grant->claim, .by_policy = grant->by_policy};
        if (entry.by_policy) entry.watch = context_->watch(link, *grant);
        auto node = make_device_node(*context_, request, std::move(*grant));
        if (!node) return context_->refuse_link(link, request.address, node.error());
        entry.node = std::move(*node);
        add_link(link, std::move(entry));
    });
}

void AmqpSession::on(amqp::Delivered&& event) {
    if (auto* node = context_->find<LinkNode>(event.link)) node->on_delivery(std::move(event));
}

void AmqpSession::on(amqp::CreditGranted&& event) {
    if (auto* node = context_->find<LinkNode>(event.link)) node->on_credit(event);
}

void AmqpSession::on(amqp::DispositionReceived&& event) {
    if (auto* node = context_->find<LinkNode>(event.link)) node->on_disposition(std::move(event));
}

void AmqpSession::on(amqp::Detached&& event) {
    context_->links.erase(event.link);
}

void AmqpSession::on(amqp::Failed&& event) {
    access_.log_refusal("amqp", context_->peer, context_->identities.anyone(), event.error);
}

}  // namespace restante::gateway
