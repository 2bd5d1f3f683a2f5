#include "gateway/amqp/device_targets.hpp"

#include "protocol/amqp/message.hpp"

namespace restante::gateway {
namespace {

/// The service's limit for telemetry, and room for the encoding. The C SDK cannot send to a link
/// that names none.
constexpr TargetNode::Limits telemetry_limits{.credit = 256,
                                              .message_bytes_max = (256 + 16) * 1024};

/// SDKs have one twin request under way.
constexpr TargetNode::Limits twin_limits{.credit = 16, .message_bytes_max = 64 * 1024};

constexpr std::int32_t not_implemented = 501;

}  // namespace

DiscardingTarget::DiscardingTarget(AmqpContext& context, amqp::LinkId link, model::DeviceId device)
    : TargetNode(context, link, telemetry_limits), device_(std::move(device)) {}

void DiscardingTarget::on_delivery(amqp::Delivered&& delivery) {
    if (!std::exchange(context_.telemetry_reported, true)) {
        context_.access.log().info("telemetry_discarded",
                                   {{"device", device_.value()},
                                    {"reason", "this hub carries cloud-to-device messages only"}});
    }
    accept(delivery);
}

TwinTarget::TwinTarget(AmqpContext& context, amqp::LinkId link, model::DeviceId device)
    : TargetNode(context, link, twin_limits), device_(std::move(device)) {}

void TwinTarget::on_delivery(amqp::Delivered&& delivery) {
    // First the outcome, then the answer: uamqp takes the other order for a failure.
    accept(delivery);
    const auto request = amqp::decode_message(delivery.payload);
    const auto source = context_.twin_sources.find(device_);
    if (!request || !request->properties || source == context_.twin_sources.end()) return;
    if (auto* node = context_.find<TwinSource>(source->second)) {
        node->refuse(request->properties->correlation_id);
    }
}

TwinSource::TwinSource(AmqpContext& context, amqp::LinkId link, model::DeviceId device)
    : LinkNode(context, link), device_(std::move(device)) {}

TwinSource::~TwinSource() {
    const auto own = context_.twin_sources.find(device_);
    if (own != context_.twin_sources.end() && own->second == link_) {
        context_.twin_sources.erase(own);
    }
}

void TwinSource::open() {
    context_.twin_sources.insert_or_assign(device_, link_);
    context_.engine.accept_attach(link_);
}

void TwinSource::refuse(const amqp::Value& correlation_id) {
    if (waiting_.size() >= waiting_max) return;
    amqp::Message answer;
    answer.properties.emplace();
    answer.properties->correlation_id = correlation_id;
    answer.message_annotations.add(amqp::Symbol{"status"}, not_implemented);
    answer.data.push_back(to_bytes(no_twins_json));
    waiting_.push_back(amqp::encode_message(answer));
    send();
}

void TwinSource::on_credit(const amqp::CreditGranted&) {
    send();
}

void TwinSource::send() {
    while (!waiting_.empty() && context_.engine.can_send(link_)) {
        Bytes tag;
        ByteWriter(tag).u64(++last_tag_);
        const auto sent =
            context_.engine.send(link_, {.tag = tag, .payload = waiting_.front(), .settled = true});
        if (!sent) return;
        waiting_.pop_front();
    }
}

}  // namespace restante::gateway
