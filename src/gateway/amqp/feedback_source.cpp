#include "gateway/amqp/feedback_source.hpp"

#include "protocol/amqp/message.hpp"
#include "wire/feedback_json.hpp"

namespace restante::gateway {
namespace {

/// The C# client throws without the user id, the content type or the enqueued time.
Bytes encode(const model::LockedFeedback& batch, const std::string& hub_name) {
    amqp::Message message;
    message.properties.emplace();
    message.properties->user_id = to_bytes(hub_name);
    message.properties->content_type = wire::feedback_content_type;
    message.message_annotations.add(amqp::Symbol{"iothub-enqueuedtime"}, batch.queued.enqueued_at);
    message.data.push_back(to_bytes(wire::feedback_json(batch.records)));
    return amqp::encode_message(message);
}

}  // namespace

FeedbackSource::FeedbackSource(AmqpContext& context, amqp::LinkId link, bool settled)
    : LockedSource(context, link, settled), receiver_(context.access.hub().new_attachment_id()) {}

FeedbackSource::~FeedbackSource() {
    context_.access.hub().detach_feedback(receiver_);
}

void FeedbackSource::open() {
    context_.engine.accept_attach(link_);
    context_.access.hub().attach_feedback(
        receiver_, [&context = context_, handle = context_.handle, link = link_] {
            handle.post([&context, link] {
                if (auto* node = context.find<FeedbackSource>(link)) node->wake();
            });
        });
}

void FeedbackSource::receive(std::size_t max) {
    context_.access.hub().receive_feedback(
        receiver_, max,
        on_connection<std::vector<model::LockedFeedback>>(
            context_.handle, [&context = context_, link = link_](auto batches) {
                auto* node = context.find<FeedbackSource>(link);
                if (node == nullptr) return;
                if (!batches) return context.end_link(link, batches.error());
                std::vector<Item> items;
                for (const auto& batch : *batches) {
                    items.push_back({.token = batch.token,
                                     .locked_until = batch.locked_until,
                                     .payload = encode(batch, context.access.hub_name())});
                }
                node->received(std::move(items));
            }));
}

void FeedbackSource::settle(model::LockToken token, Outcome outcome, hub::Answer<void> answer) {
    auto& hub = context_.access.hub();
    switch (outcome) {
        case Outcome::complete:
            return hub.complete_feedback(token, std::move(answer));
        case Outcome::abandon:
            return hub.abandon_feedback(token, std::move(answer));
        case Outcome::reject:
            return hub.reject_feedback(token, std::move(answer));
    }
}

}  // namespace restante::gateway
