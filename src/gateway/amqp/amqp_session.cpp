#include "gateway/amqp/amqp_session.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "gateway/amqp/devicebound_target.hpp"
#include "wire/devicebound_address.hpp"
#include "wire/error_table.hpp"

namespace restante::gateway {
namespace {

/// A client puts its tokens one at a time; several devices on one connection a few at once.
constexpr std::uint32_t cbs_credit = 32;

/// The policy in "{policy}@sas.root.{hub}", the user name of a service that speaks PLAIN.
std::optional<std::string_view> policy_of(std::string_view user) {
    const auto at = user.find("@sas.root.");
    if (at == std::string_view::npos) return std::nullopt;
    return user.substr(0, at);
}

}  // namespace

amqp::ErrorCondition AmqpContext::refusal(const Error& error) const {
    const wire::Tracking tracking{.id = Uuid::random(), .at = now.wall};
    amqp::ErrorCondition condition{.condition = std::string(wire::error_row(error.code).condition),
                                   .description = wire::amqp_error_description(error, tracking)};
    condition.info.add(amqp::Symbol{"com.microsoft:tracking-id"}, tracking.text());
    return condition;
}

void AmqpSession::start(net::ConnectionHandle handle, const net::Peer& peer, Now now) {
    amqp::Options options;
    options.side = amqp::Side::server;
    options.container_id = "restante_" + Uuid::random().to_string();
    context_ =
        std::make_unique<AmqpContext>(access_, std::move(options), std::move(handle), peer, now);
    cbs_ = std::make_unique<CbsNode>(*context_);
}

void AmqpSession::receive(BytesView bytes, Now now) {
    context_->now = now;
    context_->engine.receive(bytes, now.steady);
    handle_events();
}

Bytes AmqpSession::take_output() {
    return context_ ? context_->engine.take_output() : Bytes{};
}

std::optional<SteadyTime> AmqpSession::next_deadline() const {
    auto deadline = context_->engine.next_deadline();
    if (context_->service && !finished()) {
        const SteadyTime expiry =
            context_->now.steady + (context_->service->expires_at - context_->now.wall);
        deadline = deadline ? std::min(*deadline, expiry) : expiry;
    }
    return deadline;
}

void AmqpSession::advance(Now now) {
    context_->now = now;
    context_->engine.advance(now.steady);
    handle_events();
    if (context_->service && now.wall >= context_->service->expires_at) {
        const Error reason(ErrorCode::unauthorized, "the connection's token expired");
        access_.log_refusal("amqp", context_->peer, context_->service->policy, reason);
        context_->service.reset();
        context_->engine.close(context_->refusal(reason));
    }
}

void AmqpSession::closed(const Error& reason) {
    access_.log().debug("connection_closed", {{"protocol", "amqp"}, {"reason", reason.message}});
}

void AmqpSession::handle_events() {
    while (auto event = context_->engine.next_event()) {
        std::visit([this](auto&& e) { on(std::forward<decltype(e)>(e)); }, std::move(*event));
    }
}

// -- who it is -----------------------------------------------------------------------------------

void AmqpSession::on(amqp::SaslRequested&& event) {
    if (event.mechanism == "ANONYMOUS" || event.mechanism == "MSSBCBS") {
        // Nothing is proved yet: a token on $cbs will.
        return context_->engine.sasl_outcome(amqp::SaslCode::ok);
    }
    Result<void> proved =
        fail(ErrorCode::unauthorized, fmt::format("SASL {} is not offered here", event.mechanism));
    if (event.mechanism == "PLAIN") {
        proved = authenticate_plain(event.initial_response.value_or(Bytes{}));
    }
    if (!proved) access_.log_refusal("amqp", context_->peer, "unknown", proved.error());
    context_->engine.sasl_outcome(proved ? amqp::SaslCode::ok : amqp::SaslCode::auth);
}

/// [authorization id] NUL user NUL password (RFC 4616): a policy's name and a token by its key.
Result<void> AmqpSession::authenticate_plain(BytesView response) {
    const auto parts = split(as_text(response), '\0');
    if (parts.size() != 3) {
        return fail(ErrorCode::unauthorized, "SASL PLAIN has no user name and password");
    }
    const auto policy = policy_of(parts[1]);
    if (!policy) {
        return fail(ErrorCode::unauthorized,
                    "the SASL PLAIN user name is not of the form policy@sas.root.hub");
    }
    auto principal = access_.authenticate_service(parts[2]);
    if (!principal) return std::unexpected(principal.error());
    if (principal->policy != *policy) {
        return fail(ErrorCode::unauthorized,
                    "the SASL PLAIN user name and the token name different policies");
    }
    context_->service = std::move(*principal);
    context_->engine.authenticated();
    return {};
}

// -- links ---------------------------------------------------------------------------------------

void AmqpSession::on(amqp::AttachRequested&& event) {
    const auto& attach = *event.attach;
    const bool peer_sends = attach.role == amqp::Role::sender;
    std::string address;
    if (peer_sends && attach.target) address = attach.target->address.value_or("");
    if (!peer_sends && attach.source) address = attach.source->address.value_or("");

    if (std::holds_alternative<wire::Cbs>(wire::parse_link_address(address))) {
        return attach_cbs(event);
    }
    auto node = peer_sends ? make_target(address) : make_source(address);
    if (!node) return refuse(event.link, address, node.error());
    context_->engine.accept_attach(
        event.link, {.max_message_size = DeviceboundTarget::encoded_message_bytes_max});
    if (peer_sends) context_->engine.set_credit_window(event.link, DeviceboundTarget::credit);
    links_.emplace(event.link, Link{.session = event.session, .node = std::move(*node)});
}

void AmqpSession::attach_cbs(const amqp::AttachRequested& event) {
    context_->engine.accept_attach(event.link);
    links_.emplace(event.link, Link{.session = event.session, .node = nullptr});
    if (event.attach->role == amqp::Role::sender) {
        context_->engine.set_credit_window(event.link, cbs_credit);
    } else {
        cbs_->add_response_link(event.session, event.link);
    }
}

Result<std::unique_ptr<LinkNode>> AmqpSession::make_target(std::string_view address) {
    if (std::holds_alternative<wire::ServiceDevicebound>(wire::parse_link_address(address))) {
        if (!context_->may(auth::Rights::service_connect)) {
            return fail(ErrorCode::unauthorized,
                        context_->service
                            ? fmt::format("policy '{}' lacks the right ServiceConnect",
                                          context_->service->policy)
                            : "the connection has put no token that proves who it is");
        }
        return std::make_unique<DeviceboundTarget>(*context_);
    }
    return fail(ErrorCode::address_not_found, "the hub has no such target");
}

Result<std::unique_ptr<LinkNode>> AmqpSession::make_source(std::string_view) {
    return fail(ErrorCode::address_not_found, "the hub has no such source");
}

void AmqpSession::refuse(amqp::LinkId link, std::string_view address, const Error& reason) {
    access_.log().warning("link_refused", {{"protocol", "amqp"},
                                           {"peer", context_->peer.address},
                                           {"address", address},
                                           {"reason", reason.message}});
    context_->engine.refuse_attach(link, context_->refusal(reason));
}

void AmqpSession::on(amqp::Delivered&& event) {
    const auto link = links_.find(event.link);
    if (link == links_.end()) return;
    if (link->second.node) {
        link->second.node->on_delivery(std::move(event));
    } else {
        cbs_->on_request(link->second.session, std::move(event));
    }
}

void AmqpSession::on(amqp::CreditGranted&& event) {
    const auto link = links_.find(event.link);
    if (link == links_.end()) return;
    if (link->second.node) {
        link->second.node->on_credit();
    } else {
        cbs_->on_credit();
    }
}

/// Every delivery of ours leaves settled so far, so a disposition has nothing to decide.
void AmqpSession::on(amqp::DispositionReceived&&) {}

void AmqpSession::on(amqp::Detached&& event) {
    cbs_->remove_response_link(event.link);
    links_.erase(event.link);
}

void AmqpSession::on(amqp::Failed&& event) {
    access_.log_refusal("amqp", context_->peer,
                        context_->service ? context_->service->policy : "unknown", event.error);
}

}  // namespace restante::gateway
