#include "gateway/amqp/device_nodes.hpp"

namespace restante::gateway {
namespace {

/// The service's own limit on telemetry, 256 KB, and room for its encoding. The C SDK reads the
/// limit from the attach and sends nothing unless it finds one that fits an int.
constexpr std::uint64_t telemetry_bytes_max = 256 * 1024 + 16 * 1024;

constexpr TargetNode::Limits events_limits{.credit = 128, .message_bytes_max = telemetry_bytes_max};
constexpr TargetNode::Limits requests_limits{.credit = 32, .message_bytes_max = 256 * 1024};

/// Twin responses that wait for the device to grant credit. Clients grant it first.
constexpr std::size_t twin_responses_max = 64;

constexpr std::int32_t not_implemented = 501;

Bytes twin_refusal(const amqp::Value& correlation_id) {
    amqp::Message response;
    response.properties.emplace();
    response.properties->correlation_id = correlation_id;
    response.message_annotations.add(amqp::Symbol{"status"}, not_implemented);
    response.data.push_back(to_bytes(no_twins_json));
    return amqp::encode_message(response);
}

}  // namespace

EventsTarget::EventsTarget(AmqpContext& context, amqp::LinkId link, const Claim& client)
    : TargetNode(context, link, events_limits), client_(client) {}

void EventsTarget::on_delivery(amqp::Delivered&& delivery) {
    accept(delivery);
    if (std::exchange(context_.telemetry_reported, true)) return;
    context_.access.log().warning(
        "telemetry_discarded",
        {{"device", client_.name()}, {"reason", "this hub carries cloud-to-device messages only"}});
}

MethodsTarget::MethodsTarget(AmqpContext& context, amqp::LinkId link)
    : TargetNode(context, link, requests_limits) {}

void MethodsTarget::on_delivery(amqp::Delivered&& delivery) {
    accept(delivery);
}

TwinSource::TwinSource(AmqpContext& context, amqp::LinkId link, const Claim& client)
    : LinkNode(context, link), client_(client) {
    context_.twin_sources.insert_or_assign(client_, link_);
}

TwinSource::~TwinSource() {
    const auto known = context_.twin_sources.find(client_);
    if (known != context_.twin_sources.end() && known->second == link_) {
        context_.twin_sources.erase(known);
    }
}

void TwinSource::open() {
    context_.engine.accept_attach(link_);
}

void TwinSource::on_credit(const amqp::CreditGranted&) {
    send_waiting();
}

void TwinSource::send(Bytes response) {
    if (waiting_.size() >= twin_responses_max) waiting_.pop_front();
    waiting_.push_back(std::move(response));
    send_waiting();
}

void TwinSource::send_waiting() {
    while (!waiting_.empty() && context_.engine.can_send(link_)) {
        Bytes tag;
        ByteWriter(tag).u64(++last_tag_);
        const auto sent =
            context_.engine.send(link_, {.tag = tag, .payload = waiting_.front(), .settled = true});
        if (!sent) return;
        waiting_.pop_front();
    }
}

TwinTarget::TwinTarget(AmqpContext& context, amqp::LinkId link, const Claim& client)
    : TargetNode(context, link, requests_limits), client_(client) {}

/// Every request is answered, as a client would wait without limit otherwise.
void TwinTarget::on_delivery(amqp::Delivered&& delivery) {
    const auto request = amqp::decode_message(delivery.payload);
    if (!request) {
        context_.engine.settle(link_, delivery.id,
                               amqp::Rejected{.error = context_.refusal(request.error())});
        return;
    }
    accept(delivery);
    const auto source = context_.twin_sources.find(client_);
    if (source == context_.twin_sources.end() || !request->properties) return;
    // A response without a correlation id would be a change notification.
    const auto& correlation_id = request->properties->correlation_id;
    if (correlation_id.is_null()) return;
    context_.find<TwinSource>(source->second)->send(twin_refusal(correlation_id));
}

}  // namespace restante::gateway
