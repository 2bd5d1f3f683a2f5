#pragma once
// What became of the messages one has sent: the FeedbackReceiver of the C# SDK, which Python lacks.
//
//     auto manager = restante::IoTHubRegistryManager::from_connection_string(connection_string);
//     manager.send_c2d_message("Device-1", "hello", {{"messageId", "m1"}, {"iothub-ack", "full"}});
//     auto receiver = manager.get_feedback_receiver();
//     if (const auto batch = receiver.receive(std::chrono::minutes(1))) {
//         for (const auto& record : batch->records) std::cout << record.status_code << '\n';
//         receiver.complete(*batch);
//     }

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "restante/service/exceptions.hpp"

namespace restante {

/// The end of one message.
struct FeedbackRecord {
    std::string original_message_id;  ///< empty when the message had none
    std::string device_id;
    std::string device_generation_id;  ///< of the device's life that the message was for
    /// "Success" (the device completed it), "Expired", "DeliveryCountExceeded", "Rejected" or
    /// "Purged"; a hub may have others.
    std::string status_code;
    std::string description;
    std::string enqueued_time_utc;  ///< of the end, ISO 8601
};

/// What a hub hands out at once: up to 64 records, locked until the batch is settled or the hub's
/// lock duration has passed, a minute unless configured otherwise.
struct FeedbackBatch {
    std::string enqueued_time;  ///< of the batch, ISO 8601
    std::string user_id;        ///< the hub's name
    std::string lock_token;
    std::vector<FeedbackRecord> records;
};

/// Hands out the feedback of a hub. All receivers of a hub share one queue: each batch goes to one
/// of them.
///
/// Safe to use from several threads at once. It has an AMQP connection of its own, made by the
/// first receive. A hub that vanishes without a word is noticed after two minutes of silence.
/// Errors are IoTHubError, as the manager's.
class FeedbackReceiver {
  public:
    FeedbackReceiver(FeedbackReceiver&&) noexcept;
    FeedbackReceiver& operator=(FeedbackReceiver&&) noexcept;
    /// Closes the connection, within about a second; batches not settled go to the next receiver.
    /// An operation still running in another thread must have ended.
    ~FeedbackReceiver();

    /// The next batch, or nullopt when none came within `timeout`; a hub makes one of 64 records or
    /// of what it has every 15 seconds. Zero takes what is here and asks for more.
    ///
    /// A connection that drops, or cannot be made, is made anew until the time is up, after pauses
    /// that grow from a second to half a minute; then its error is thrown, and the next call goes
    /// on. What no retry mends, such as a refused token, is thrown at once.
    ///
    /// Nothing is asked of the hub between calls, but a batch may come after its receive has ended:
    /// it waits half a minute for the next call, then goes back to the hub.
    std::optional<FeedbackBatch> receive(std::chrono::milliseconds timeout);

    /// Removes a batch for good, once the hub has agreed. Code 412002: its lock has ended, by time
    /// or with the connection that it came on, and the batch comes again.
    void complete(const FeedbackBatch& batch);
    /// Gives a batch back, to come again at once: up to the hub's maximum delivery count.
    void abandon(const FeedbackBatch& batch);

  private:
    friend class IoTHubRegistryManager;
    struct Impl;
    explicit FeedbackReceiver(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

}  // namespace restante
