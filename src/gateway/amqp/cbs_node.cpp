#include "gateway/amqp/cbs_node.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "wire/error_table.hpp"

namespace restante::gateway {
namespace {

/// Responses that wait for the peer to grant credit. Clients put a token at a time and grant
/// credit first, so more of them are a peer's fault.
constexpr std::size_t responses_max = 64;

/// A client puts its tokens one at a time; several devices on one connection a few at once.
constexpr TargetNode::Limits cbs_limits{.credit = 32,
                                        .message_bytes_max = amqp::message_bytes_max_default};

std::optional<std::string_view> text_of(const amqp::Map& map, std::string_view key) {
    const amqp::Value* value = map.find(key);
    return value ? value->text() : std::nullopt;
}

/// Only these kinds of token are signatures; `jwt` is what azure-eventhub calls one.
bool is_signature_type(std::string_view type) {
    return iequals(type, "servicebus.windows.net:sastoken") ||
           iequals(type, "azure-devices.net:sastoken") || iequals(type, "jwt");
}

}  // namespace

void CbsNode::add_response_link(amqp::SessionId session, amqp::LinkId link) {
    links_.push_back({.session = session, .link = link});
}

void CbsNode::remove_response_link(amqp::LinkId link) {
    std::erase_if(links_, [&](const ResponseLink& entry) { return entry.link == link; });
}

void CbsNode::on_request(amqp::SessionId session, amqp::Delivered&& delivery) {
    const auto request = amqp::decode_message(delivery.payload);
    if (!request) {
        context_.engine.settle(delivery.link, delivery.id,
                               amqp::Rejected{.error = context_.refusal(request.error())});
        return;
    }
    if (!delivery.settled) {
        context_.engine.settle(delivery.link, delivery.id, amqp::Accepted{});
    }
    const auto token = token_of(*request);
    if (!token) return respond(session, *request, std::unexpected(token.error()));
    context_.identities.put_token(*token, [this, session, request = *request](auto result) {
        if (result) context_.engine.authenticated();
        respond(session, request, result);
    });
}

Result<std::string> CbsNode::token_of(const amqp::Message& request) const {
    const auto& application = request.application_properties;
    if (text_of(application, "operation") != "put-token") {
        return fail(ErrorCode::argument_invalid, "$cbs knows the operation put-token only");
    }
    const auto type = text_of(application, "type");
    if (!type || !is_signature_type(*type)) {
        return fail(ErrorCode::unauthorized, "$cbs takes shared access signatures only");
    }
    const auto token = request.value ? request.value->text() : std::nullopt;
    if (!token) return fail(ErrorCode::argument_invalid, "put-token has no token in its body");
    return std::string(*token);
}

void CbsNode::respond(amqp::SessionId session, const amqp::Message& request,
                      const Result<void>& result) {
    if (!result) {
        context_.access.log_refusal(
            "amqp", context_.peer,
            text_of(request.application_properties, "name").value_or("unknown"), result.error());
    }
    if (responses_.size() >= responses_max) {
        context_.engine.close(amqp::ErrorCondition{
            .condition = "amqp:resource-limit-exceeded",
            .description = "too many token requests await credit for their responses"});
        return;
    }
    const auto& row = wire::error_row(result ? ErrorCode::server_error : result.error().code);
    const std::int32_t status = result ? 200 : row.http_status;
    amqp::Message response;
    response.properties.emplace();
    if (request.properties) {
        response.properties->correlation_id = request.properties->message_id;
        response.properties->to = request.properties->reply_to;
    }
    // The signature's own fault is not told apart here: the log has the reason, a stranger has not.
    response.application_properties.add("status-code", status);
    response.application_properties.add(
        "status-description", std::string(result          ? "OK"
                                          : status == 401 ? "Unauthorized"
                                                          : result.error().message.c_str()));
    response.value = amqp::Value();
    responses_.push_back({.session = session, .payload = amqp::encode_message(response)});
    send_responses();
}

void CbsNode::send_responses() {
    while (!responses_.empty()) {
        const auto link = response_link(responses_.front().session);
        if (!link || !context_.engine.can_send(*link)) return;
        Bytes tag;
        ByteWriter(tag).u64(++last_tag_);
        const auto sent = context_.engine.send(
            *link, {.tag = tag, .payload = responses_.front().payload, .settled = true});
        if (!sent) return;
        responses_.pop_front();
    }
}

/// Requests and responses share a session everywhere; a peer that splits them is served too.
std::optional<amqp::LinkId> CbsNode::response_link(amqp::SessionId session) const {
    std::optional<amqp::LinkId> other;
    for (const auto& entry : links_) {
        if (entry.session == session) return entry.link;
        other = entry.link;
    }
    return other;
}

// -- links ---------------------------------------------------------------------------------------

CbsTarget::CbsTarget(AmqpContext& context, const amqp::AttachRequested& attach, CbsNode& node)
    : TargetNode(context, attach.link, cbs_limits), session_(attach.session), node_(node) {}

CbsSource::CbsSource(AmqpContext& context, const amqp::AttachRequested& attach, CbsNode& node)
    : LinkNode(context, attach.link), node_(node) {
    node.add_response_link(attach.session, attach.link);
}

}  // namespace restante::gateway
