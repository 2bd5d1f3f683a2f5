#include "gateway/amqp/devicebound_target.hpp"

#include "wire/amqp_message.hpp"
#include "wire/error_table.hpp"

namespace restante::gateway {
namespace {

constexpr TargetNode::Limits limits{
    // Enough to keep the disk busy from one connection.
    .credit = 512,
    // The hub's own limit counts bodies and texts; this one counts the encoding.
    .message_bytes_max = 256 * 1024,
};

/// Names a delivery for an answer that comes later.
struct DeliveryRef {
    amqp::LinkId link;
    amqp::DeliveryId id;
    bool settled;
};

void reject(AmqpContext& context, const DeliveryRef& delivery, const Error& error,
            std::string_view device) {
    context.access.log_refusal("amqp", context.peer, device, error);
    if (delivery.settled) return;
    context.engine.settle(delivery.link, delivery.id,
                          amqp::Rejected{.error = context.refusal(error)});
}

/// The id may be percent-encoded or not: the decoded one first, then the one as written.
void enqueue(AmqpContext& context, const DeliveryRef& delivery, const model::DeviceId& device,
             std::optional<model::DeviceId> other, model::CloudToDeviceMessage message) {
    std::optional<model::CloudToDeviceMessage> again;
    if (other) again = message;
    context.access.hub().enqueue(
        device, std::move(message),
        on_connection<model::SequenceNumber>(
            context.handle, [&context, delivery, device, other = std::move(other),
                             again = std::move(again)](auto sequence) mutable {
                if (sequence) {
                    if (!delivery.settled) {
                        context.engine.settle(delivery.link, delivery.id, amqp::Accepted{});
                    }
                } else if (other && sequence.error().code == ErrorCode::device_not_found) {
                    enqueue(context, delivery, *other, std::nullopt, std::move(*again));
                } else {
                    reject(context, delivery, wire::as_send_error(sequence.error(), device),
                           device.value());
                }
            }));
}

}  // namespace

DeviceboundTarget::DeviceboundTarget(AmqpContext& context, amqp::LinkId link)
    : TargetNode(context, link, limits) {}

void DeviceboundTarget::on_delivery(amqp::Delivered&& delivery) {
    const DeliveryRef ref{.link = delivery.link, .id = delivery.id, .settled = delivery.settled};
    auto decoded = amqp::decode_message(delivery.payload);
    if (!decoded) return reject(context_, ref, decoded.error(), "unknown");
    const std::string to = decoded->properties && decoded->properties->to ? *decoded->properties->to
                                                                          : std::string("unknown");
    auto sent = wire::from_amqp(std::move(*decoded));
    if (!sent) return reject(context_, ref, sent.error(), to);
    if (sent->target.module_id) {
        return reject(context_, ref,
                      Error(ErrorCode::invalid_operation,
                            "cloud-to-device messages go to devices: a module has no queue"),
                      to);
    }
    enqueue(context_, ref, sent->target.id, std::move(sent->target.raw_id),
            std::move(sent->message));
}

}  // namespace restante::gateway
