#include "gateway/amqp/amqp_session.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "gateway/amqp/device_targets.hpp"
#include "gateway/amqp/devicebound_source.hpp"
#include "gateway/amqp/devicebound_target.hpp"
#include "gateway/amqp/feedback_source.hpp"
#include "wire/devicebound_address.hpp"

namespace restante::gateway {
namespace {

/// The user name of SASL PLAIN: "{policy}@sas.root.{hub}" of a service, "{device}@sas.{hub}" or
/// "{device}@{hub}" of a device.
struct PlainUser {
    std::string_view name;
    bool is_policy;
};

std::optional<PlainUser> parse_plain_user(std::string_view user) {
    // The last one: a device id may hold an '@'.
    const auto at = user.rfind('@');
    if (at == std::string_view::npos || at == 0) return std::nullopt;
    return PlainUser{.name = user.substr(0, at),
                     .is_policy = user.substr(at + 1).starts_with("sas.root.")};
}

/// The device an address names, when it names one.
const wire::DeviceTarget* device_of(const wire::LinkAddress& address) {
    return std::visit(
        [](const auto& a) -> const wire::DeviceTarget* {
            if constexpr (requires { a.target; }) return &a.target;
            return nullptr;
        },
        address);
}

std::unique_ptr<LinkNode> make_device_node(AmqpContext& context,
                                           const amqp::AttachRequested& attach,
                                           const wire::LinkAddress& address,
                                           const Identities::Grant& grant) {
    const bool peer_sends = attach.attach->role == amqp::Role::sender;
    const auto holds = [&]<class A>() { return std::holds_alternative<A>(address); };
    if (holds.operator()<wire::DeviceTwin>()) {
        if (peer_sends) return std::make_unique<TwinTarget>(context, attach.link, grant.device);
        return std::make_unique<TwinSource>(context, attach.link, grant.device);
    }
    const bool takes_telemetry = holds.operator()<wire::DeviceEvents>();
    if (peer_sends && (takes_telemetry || holds.operator()<wire::DeviceMethods>())) {
        return std::make_unique<DiscardingTarget>(context, attach.link, grant.device);
    }
    if (!peer_sends && holds.operator()<wire::DeviceDevicebound>()) {
        return std::make_unique<DeviceboundSource>(context, attach, grant);
    }
    if (!peer_sends && holds.operator()<wire::DeviceMethods>()) {
        return std::make_unique<QuietSource>(context, attach.link);
    }
    return nullptr;
}

const Error no_such_node(ErrorCode::address_not_found, "the hub has no such node");

}  // namespace

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
    if (!context_) return {};
    for (const auto link : std::exchange(context_->fetches_wanted, {})) {
        if (auto* node = context_->find<LinkNode>(link)) node->fetch();
    }
    if (!context_->drains.empty()) return {};
    return context_->engine.take_output();
}

std::optional<SteadyTime> AmqpSession::next_deadline() const {
    auto deadline = context_->engine.next_deadline();
    if (const auto expires_at = context_->identities.next_expiry(); expires_at && !finished()) {
        const SteadyTime expiry = context_->now.steady + (*expires_at - context_->now.wall);
        deadline = deadline ? std::min(*deadline, expiry) : expiry;
    }
    return deadline;
}

void AmqpSession::advance(Now now) {
    context_->now = now;
    context_->engine.advance(now.steady);
    handle_events();
    const auto expired = context_->identities.take_expired(now.wall);
    if (!expired.policy && expired.devices.empty()) return;
    context_->end_expired(expired);
    if (context_->identities.empty()) {
        context_->engine.close(
            context_->refusal(Error(ErrorCode::unauthorized, "the connection's token expired")));
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
    if (event.mechanism == "PLAIN") {
        return authenticate_plain(event.initial_response.value_or(Bytes{}));
    }
    proved(
        fail(ErrorCode::unauthorized, fmt::format("SASL {} is not offered here", event.mechanism)),
        "unknown");
}

void AmqpSession::proved(const Result<void>& result, std::string_view who) {
    if (result) {
        context_->engine.authenticated();
    } else {
        access_.log_refusal("amqp", context_->peer, who, result.error());
    }
    context_->engine.sasl_outcome(result ? amqp::SaslCode::ok : amqp::SaslCode::auth);
}

/// [authorization id] NUL user NUL password (RFC 4616); the password is a token.
void AmqpSession::authenticate_plain(BytesView response) {
    const auto parts = split(as_text(response), '\0');
    if (parts.size() != 3) {
        return proved(fail(ErrorCode::unauthorized, "SASL PLAIN has no user name and password"),
                      "unknown");
    }
    const auto user = parse_plain_user(parts[1]);
    if (!user) {
        return proved(fail(ErrorCode::unauthorized,
                           "the SASL PLAIN user name is neither policy@sas.root.hub nor "
                           "device@sas.hub"),
                      "unknown");
    }
    if (user->is_policy) {
        return proved(context_->identities.put_policy_token(user->name, parts[2]), user->name);
    }
    const auto device = wire::parse_to(fmt::format("/devices/{}/messages/devicebound", user->name));
    if (!device || device->module_id) {
        return proved(
            fail(ErrorCode::unauthorized, "the SASL PLAIN user name names no device of this hub"),
            user->name);
    }
    context_->identities.put_device_token(
        *device, parts[2],
        [this, who = std::string(user->name)](const auto& result) { proved(result, who); });
}

// -- links ---------------------------------------------------------------------------------------

void AmqpSession::on(amqp::AttachRequested&& event) {
    const auto& attach = *event.attach;
    const bool peer_sends = attach.role == amqp::Role::sender;
    std::string text;
    if (peer_sends && attach.target) text = attach.target->address.value_or("");
    if (!peer_sends && attach.source) text = attach.source->address.value_or("");

    const auto address = wire::parse_link_address(text);
    if (const auto* target = device_of(address)) return attach_device(event, address, *target);
    auto node = make_service_node(event, address);
    if (!node) return context_->refuse_link(event.link, text, node.error());
    open(event.link, std::move(*node));
}

Result<std::unique_ptr<LinkNode>> AmqpSession::make_service_node(
    const amqp::AttachRequested& attach, const wire::LinkAddress& address) {
    const bool peer_sends = attach.attach->role == amqp::Role::sender;
    if (std::holds_alternative<wire::Cbs>(address)) {
        if (peer_sends) return std::make_unique<CbsTarget>(*context_, attach, *cbs_);
        return std::make_unique<CbsSource>(*context_, attach, *cbs_);
    }
    const bool devicebound = std::holds_alternative<wire::ServiceDevicebound>(address);
    const bool feedback = std::holds_alternative<wire::ServiceboundFeedback>(address);
    const bool files = std::holds_alternative<wire::ServiceboundFileNotifications>(address);
    const bool known = peer_sends ? devicebound : feedback || files;
    if (!known) return std::unexpected(no_such_node);
    if (auto allowed = context_->identities.require(auth::Rights::service_connect); !allowed) {
        return std::unexpected(allowed.error());
    }
    if (devicebound) return std::make_unique<DeviceboundTarget>(*context_, attach.link);
    if (feedback) return std::make_unique<FeedbackSource>(*context_, attach);
    return std::make_unique<QuietSource>(*context_, attach.link);
}

void AmqpSession::attach_device(const amqp::AttachRequested& attach,
                                const wire::LinkAddress& address,
                                const wire::DeviceTarget& target) {
    if (target.module_id) {
        return context_->refuse_link(
            attach.link, target.id.value(),
            Error(ErrorCode::module_not_found, "this hub has no module identities"));
    }
    // The link may end before the answer comes.
    context_->links.emplace(attach.link, AmqpContext::Link{});
    context_->identities.authorise(
        target, [this, attach, address, name = target.id.value()](auto grant) {
            if (!context_->links.contains(attach.link)) return;
            if (!grant) return context_->refuse_link(attach.link, name, grant.error());
            auto node = make_device_node(*context_, attach, address, *grant);
            if (!node) return context_->refuse_link(attach.link, name, no_such_node);
            open(attach.link, std::move(node), &*grant);
        });
}

void AmqpSession::open(amqp::LinkId id, std::unique_ptr<LinkNode> node,
                       const Identities::Grant* grant) {
    auto& link = context_->links[id];
    link.by_policy = grant == nullptr || grant->by_policy;
    if (grant != nullptr) link.device = grant->device;
    link.node = std::move(node);
    link.node->open();
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
    context_->forget_link(event.link);
}

void AmqpSession::on(amqp::Failed&& event) {
    access_.log_refusal("amqp", context_->peer, context_->identities.anyone(), event.error);
}

}  // namespace restante::gateway
