#include <fmt/format.h>

#include <boost/json/serialize.hpp>

#include "cli/failure.hpp"
#include "cli/interruption.hpp"
#include "cli/login.hpp"
#include "cli/output.hpp"

namespace restante::cli {
namespace {

/// How soon an interruption is noticed.
constexpr Milliseconds look_interval{500};

boost::json::object to_json(const FeedbackRecord& record) {
    return {{"originalMessageId", record.original_message_id},
            {"deviceId", record.device_id},
            {"deviceGenerationId", record.device_generation_id},
            {"statusCode", record.status_code},
            {"description", record.description},
            {"enqueuedTimeUtc", record.enqueued_time_utc}};
}

class Feedback final : public Verb {
  public:
    explicit Feedback(CLI::App& app);
    void run() override;

  private:
    void print(const FeedbackBatch& batch) const;

    Login login_;
    bool follow_ = false;
    std::uint32_t seconds_ = 30;
    std::string format_ = "text";
};

Feedback::Feedback(CLI::App& app) {
    app.description(
        "Prints what became of messages that asked for feedback (c2d send --ack), and removes it "
        "from the hub. Each piece of feedback goes to one receiver alone.");
    login_.declare(app);
    auto* follow = app.add_flag("--follow", follow_, "Go on until Ctrl-C");
    app.add_option("--timeout", seconds_, "Without --follow: how long to wait for the next batch")
        ->type_name("SECONDS")
        ->check(CLI::PositiveNumber)
        ->excludes(follow)
        ->capture_default_str();
    app.add_option("-o,--output", format_, "How to print it")
        ->check(CLI::IsMember({"text", "jsonl"}))
        ->capture_default_str();
}

void Feedback::run() {
    if (!follow_) {
        auto receiver = login_.connect().get_feedback_receiver();
        const auto batch = receiver.receive(std::chrono::seconds(seconds_));
        if (!batch) throw NotFound(fmt::format("no feedback came in {} s", seconds_));
        print(*batch);
        return receiver.complete(*batch);
    }
    Interruption interruption;
    auto receiver = login_.connect().get_feedback_receiver();
    while (!interruption.wait(Milliseconds{0})) {
        const auto batch = receiver.receive(look_interval);
        if (!batch) continue;
        print(*batch);
        receiver.complete(*batch);
    }
}

/// What cannot be printed stays with the hub.
void Feedback::print(const FeedbackBatch& batch) const {
    for (const auto& record : batch.records) {
        if (format_ == "jsonl") {
            fmt::print("{}\n", boost::json::serialize(to_json(record)));
        } else {
            fmt::print("{} {} {} {}\n", printable(record.enqueued_time_utc),
                       printable(record.device_id), printable(record.original_message_id),
                       printable(record.status_code));
        }
    }
    if (std::fflush(stdout) != 0) {
        throw std::runtime_error("the feedback could not be printed; it stays with the hub");
    }
}

}  // namespace

std::unique_ptr<Verb> feedback(CLI::App& app) {
    return std::make_unique<Feedback>(app);
}

}  // namespace restante::cli
