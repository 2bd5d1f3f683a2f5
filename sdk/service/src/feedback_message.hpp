#pragma once
// A batch of feedback as it comes from a hub: one AMQP message whose body is a JSON array.

#include "base/result.hpp"
#include "protocol/amqp/event.hpp"
#include "restante/service/feedback_receiver.hpp"

namespace restante::service {

/// Largest body taken, in bytes. 64 records of the longest ids are a tenth of it.
inline constexpr std::size_t feedback_bytes_max = std::size_t{1024} * 1024;

/// Errors: malformed.
Result<FeedbackBatch> read_feedback(const amqp::Delivered& delivery);

}  // namespace restante::service
