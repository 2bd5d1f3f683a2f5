#include "gateway/amqp/cbs_node.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "wire/error_table.hpp"

namespace restante::gateway {
namespace {

/// Java puts the tokens of all its devices at once; credit lets this many of them wait here.
constexpr TargetNode::Limits request_limits{.credit = 64, .message_bytes_max = 64 * 1024};

/// Requests being checked, and responses that wait for credit. A peer that settles its requests
/// beforehand is not held back by credit; one that puts more than a token for each device and reads
/// no answers is at fault.
constexpr std::size_t exchanges_max = Identities::devices_max + 24;

/// Bytes of all of them. A stranger chooses how long they are, so their number alone bounds little;
/// a response to any SDK has less than 512.
constexpr std::size_t exchange_bytes_max = exchanges_max * 512;

std::optional<std::string_view> text_of(const amqp::Map& map, std::string_view key) {
    const amqp::Value* value = map.find(key);
    return value ? value->text() : std::nullopt;
}

/// Only these kinds of token are signatures; `jwt` is what azure-eventhub calls one.
bool is_signature_type(std::string_view type) {
    return iequals(type, "servicebus.windows.net:sastoken") ||
           iequals(type, "azure-devices.net:sastoken") || iequals(type, "jwt");
}

/// To a client a disabled device does not exist; 403 would tell C# to try again for ever.
Error as_put_error(const Error& error) {
    if (error.code != ErrorCode::device_disabled) return error;
    return Error(ErrorCode::device_not_found, error.message);
}

}  // namespace

class CbsNode::RequestLink final : public TargetNode {
  public:
    RequestLink(CbsNode& cbs, amqp::SessionId session, amqp::LinkId link)
        : TargetNode(cbs.context_, link, request_limits), cbs_(cbs), session_(session) {}

    void on_delivery(amqp::Delivered&& delivery) override {
        cbs_.on_request(session_, std::move(delivery));
    }

  private:
    CbsNode& cbs_;
    amqp::SessionId session_;
};

class CbsNode::ResponseLink final : public LinkNode {
  public:
    ResponseLink(CbsNode& cbs, amqp::SessionId session, amqp::LinkId link)
        : LinkNode(cbs.context_, link), cbs_(cbs) {
        cbs_.receivers_.push_back({.session = session, .link = link});
    }
    ~ResponseLink() override {
        std::erase_if(cbs_.receivers_,
                      [this](const Receiver& entry) { return entry.link == link_; });
    }

    void open() override { context_.engine.accept_attach(link_); }
    void on_credit(const amqp::CreditGranted&) override { cbs_.send_responses(); }

  private:
    CbsNode& cbs_;
};

std::unique_ptr<LinkNode> CbsNode::make_request_link(amqp::SessionId session, amqp::LinkId link) {
    return std::make_unique<RequestLink>(*this, session, link);
}

std::unique_ptr<LinkNode> CbsNode::make_response_link(amqp::SessionId session, amqp::LinkId link) {
    return std::make_unique<ResponseLink>(*this, session, link);
}

void CbsNode::on_request(amqp::SessionId session, amqp::Delivered&& delivery) {
    const auto message = amqp::decode_message(delivery.payload);
    if (!message) {
        context_.engine.settle(delivery.link, delivery.id,
                               amqp::Rejected{.error = context_.refusal(message.error())});
        return;
    }
    const std::size_t bytes = delivery.payload.size();
    if (checks_under_way_ + responses_.size() >= exchanges_max ||
        bytes_waiting_ + bytes > exchange_bytes_max) {
        return refuse_more();
    }
    Request request{
        .session = session,
        .link = delivery.link,
        .delivery = delivery.id,
        .settled = delivery.settled,
        .name = std::string(text_of(message->application_properties, "name").value_or("unknown")),
        .message_id = {},
        .reply_to = {},
        .bytes = bytes};
    if (message->properties) {
        request.message_id = message->properties->message_id;
        request.reply_to = message->properties->reply_to;
    }
    ++checks_under_way_;
    bytes_waiting_ += bytes;
    put_token(*message, [this, request = std::move(request)](const auto& result) {
        --checks_under_way_;
        bytes_waiting_ -= request.bytes;
        if (result) context_.engine.authenticated();
        respond(request, result);
    });
}

void CbsNode::refuse_more() {
    const Error reason(ErrorCode::protocol_error,
                       fmt::format("more than {} token requests or {} bytes of them await credit "
                                   "for their responses",
                                   exchanges_max, exchange_bytes_max));
    context_.access.log_refusal("amqp", context_.peer, context_.identities.anyone(), reason);
    context_.engine.close(amqp::ErrorCondition{.condition = "amqp:resource-limit-exceeded",
                                               .description = reason.message});
}

void CbsNode::put_token(const amqp::Message& message, Identities::Answer<void> answer) {
    const auto& application = message.application_properties;
    if (text_of(application, "operation") != "put-token") {
        return answer(fail(ErrorCode::argument_invalid, "$cbs knows the operation put-token only"));
    }
    const auto type = text_of(application, "type");
    if (!type || !is_signature_type(*type)) {
        return answer(fail(ErrorCode::unauthorized, "$cbs takes shared access signatures only"));
    }
    const auto token = message.value ? message.value->text() : std::nullopt;
    if (!token) {
        return answer(fail(ErrorCode::argument_invalid, "put-token has no token in its body"));
    }
    context_.identities.put_token(*token, std::move(answer));
}

void CbsNode::respond(const Request& request, const Result<void>& result) {
    if (!result) context_.access.log_refusal("amqp", context_.peer, request.name, result.error());
    if (!request.settled) {
        context_.engine.settle(request.link, request.delivery, amqp::Accepted{});
    }
    std::int32_t status = 200;
    std::string description = "OK";
    if (!result) {
        const Error error = as_put_error(result.error());
        status = wire::error_row(error.code).http_status;
        // The signature's own fault is not told apart here: the log has the reason, a stranger has
        // not.
        description = status == 401 ? "Unauthorized" : error.message;
    }
    amqp::Message response;
    response.properties.emplace();
    response.properties->correlation_id = request.message_id;
    response.properties->to = request.reply_to;
    response.application_properties.add("status-code", status);
    response.application_properties.add("status-description", std::move(description));
    response.value = amqp::Value();
    responses_.push_back({.session = request.session, .payload = amqp::encode_message(response)});
    bytes_waiting_ += responses_.back().payload.size();
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
        bytes_waiting_ -= responses_.front().payload.size();
        responses_.pop_front();
    }
}

/// Requests and responses share a session everywhere; a peer that splits them is served too.
std::optional<amqp::LinkId> CbsNode::response_link(amqp::SessionId session) const {
    std::optional<amqp::LinkId> other;
    for (const auto& entry : receivers_) {
        if (entry.session == session) return entry.link;
        other = entry.link;
    }
    return other;
}

}  // namespace restante::gateway
