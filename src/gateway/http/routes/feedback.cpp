#include "gateway/http/routes/feedback.hpp"

#include "gateway/http/routes/settlement.hpp"
#include "model/feedback.hpp"
#include "wire/feedback_json.hpp"
#include "wire/http_message.hpp"

namespace restante::gateway {
namespace {

/// Of the path: /messages/servicebound/feedback/{token}
constexpr std::size_t token_segment = 3;

}  // namespace

void receive_feedback(HttpExchange& exchange) {
    using Received = std::vector<model::LockedFeedback>;
    exchange.access().hub().receive_feedback(
        hub::AttachmentId{}, 1,
        exchange.on_answer<Received>([&exchange](const Result<Received>& batches) {
            if (!batches) return exchange.fail(batches.error());
            if (batches->empty()) return exchange.respond(204);
            const auto& batch = batches->front();
            exchange.respond(200,
                             {{"Content-Type", std::string(wire::feedback_content_type)},
                              {"ETag", wire::lock_token_etag(batch.token)}},
                             to_bytes(wire::feedback_json(batch.records)));
        }));
}

void complete_feedback(HttpExchange& exchange) {
    const auto token = read_lock_token(exchange.segment(token_segment));
    if (!token) return exchange.fail(token.error());
    exchange.access().hub().complete_feedback(*token, respond_settled(exchange));
}

void abandon_feedback(HttpExchange& exchange) {
    const auto token = read_lock_token(exchange.segment(token_segment));
    if (!token) return exchange.fail(token.error());
    exchange.access().hub().abandon_feedback(*token, respond_settled(exchange));
}

}  // namespace restante::gateway
