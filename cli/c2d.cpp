#include <fmt/format.h>
#include <poll.h>

#include <array>
#include <charconv>
#include <iostream>

#include "base/encoding.hpp"
#include "base/timestamp.hpp"
#include "base/uuid.hpp"
#include "cli/device_queue_call.hpp"
#include "cli/failure.hpp"
#include "cli/login.hpp"
#include "cli/output.hpp"
#include "cli/parse.hpp"
#include "server/config.hpp"

namespace restante::cli {
namespace {

/// More than any hub takes; the hub says how much that is.
constexpr std::size_t input_bytes_max = 1024 * 1024;

std::string read_input() {
    std::string text(input_bytes_max + 1, '\0');
    std::cin.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(std::cin.gcount()));
    if (text.size() > input_bytes_max) {
        throw server::UsageError("the input is longer than any message may be");
    }
    return text;
}

/// "+60s" from now, or a time of ISO 8601.
WallTime parse_expiry(const std::string& text, WallTime now) {
    const auto wrong = [&]() -> server::UsageError {
        return server::UsageError(
            fmt::format("--expiry '{}' is neither seconds from now, as +60s, nor a time, as "
                        "2030-01-31T12:00:00Z",
                        text));
    };
    if (!text.starts_with('+')) {
        const auto time = parse_iso8601(text);
        if (!time) throw wrong();
        return *time;
    }
    constexpr std::int64_t seconds_max = 10LL * 365 * 24 * 3600;
    std::string_view digits = std::string_view(text).substr(1);
    if (digits.ends_with('s')) digits.remove_suffix(1);
    std::int64_t seconds = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
    if (error != std::errc{} || end != digits.data() + digits.size() || seconds < 0 ||
        seconds > seconds_max) {
        throw wrong();
    }
    return now + std::chrono::seconds(seconds);
}

/// What --property cannot name, and the option that can.
struct Reserved {
    std::string_view name;
    std::string_view option;
};
constexpr std::array reserved_names{
    Reserved{"messageId", "--message-id"},     Reserved{"correlationId", "--correlation-id"},
    Reserved{"contentType", "--content-type"}, Reserved{"contentEncoding", "--content-encoding"},
    Reserved{"expiryTimeUtc", "--expiry"},     Reserved{"iothub-ack", "--ack"}};

struct Draft {
    std::string text;
    std::vector<std::string> properties;
    std::string message_id;
    std::string correlation_id;
    std::string content_type;
    std::string content_encoding;
    std::string expiry;
    std::string ack;
};

MessageProperties properties_of(const Draft& draft) {
    MessageProperties properties{{"messageId", draft.message_id}};
    for (const auto& property : draft.properties) {
        const auto equals = property.find('=');
        if (equals == 0 || equals == std::string::npos) {
            throw server::UsageError(fmt::format("--property '{}' must be NAME=VALUE", property));
        }
        const std::string name = property.substr(0, equals);
        for (const auto& reserved : reserved_names) {
            if (reserved.name == name) {
                throw server::UsageError(
                    fmt::format("--property {}: use {}", name, reserved.option));
            }
        }
        properties.set(name, property.substr(equals + 1));
    }
    const auto set = [&](const char* name, const std::string& value) {
        if (!value.empty()) properties.set(name, value);
    };
    set("correlationId", draft.correlation_id);
    set("contentType", draft.content_type);
    set("contentEncoding", draft.content_encoding);
    set("iothub-ack", draft.ack);
    if (!draft.expiry.empty()) {
        const auto time = parse_expiry(draft.expiry, SystemClock().now().wall);
        properties.set("expiryTimeUtc", unix_milliseconds(time));
    }
    return properties;
}

class CloudToDevice final : public Verb {
  public:
    explicit CloudToDevice(CLI::App& app);
    void run() override;

  private:
    void declare_send();
    void declare_receive();
    void send();
    void receive();
    void purge();
    std::optional<MessageParts> next_message(DeviceQueueCall& queue) const;

    Login login_;
    std::string device_id_;
    Draft draft_;
    std::string lock_token_;
    std::uint32_t timeout_seconds_ = 0;
    std::uint32_t lock_seconds_ = 0;
    bool completes_ = false;
    bool abandons_ = false;
    bool rejects_ = false;
    Output output_{Format::json};
    CLI::App* send_;
    CLI::App* receive_;
    CLI::App* complete_;
    CLI::App* abandon_;
    CLI::App* reject_;
    CLI::App* purge_;
};

CloudToDevice::CloudToDevice(CLI::App& app)
    : send_(app.add_subcommand("send", "Leave a message for a device; prints its message id")),
      receive_(app.add_subcommand("receive", "Take the next message, as the device would")),
      complete_(app.add_subcommand("complete", "Settle a received message: it is done with")),
      abandon_(app.add_subcommand("abandon", "Settle a received message: deliver it again")),
      reject_(app.add_subcommand("reject", "Settle a received message: it is of no use")),
      purge_(app.add_subcommand("purge", "Remove all messages that wait for a device")) {
    app.description(
        "Cloud-to-device messages. For all but send and purge, --login may also be a device's own "
        "connection string.");
    app.require_subcommand(1);
    login_.declare(app);
    for (auto* verb : {send_, receive_, complete_, abandon_, reject_, purge_}) {
        verb->add_option("DEVICE", device_id_, "Name of the device")->required();
    }
    declare_send();
    declare_receive();
    for (auto* verb : {complete_, abandon_, reject_}) {
        verb->add_option("LOCK-TOKEN", lock_token_, "The etag that receive printed")->required();
    }
}

void CloudToDevice::declare_send() {
    send_->add_option("TEXT", draft_.text, "The body; - for the input")->required();
    send_->add_option("-p,--property", draft_.properties, "A property of your own; repeatable")
        ->type_name("NAME=VALUE")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    send_->add_option("--message-id", draft_.message_id, "A random one without it");
    send_->add_option("--correlation-id", draft_.correlation_id, "What it answers or belongs to");
    send_->add_option("--content-type", draft_.content_type, "Such as application/json");
    send_->add_option("--content-encoding", draft_.content_encoding, "Such as utf-8");
    send_->add_option("--expiry", draft_.expiry, "+60s from now, or a time in ISO 8601")
        ->type_name("TIME");
    send_->add_option("--ack", draft_.ack, "Which feedback the hub is to give")
        ->check(CLI::IsMember({"none", "positive", "negative", "full"}));
}

void CloudToDevice::declare_receive() {
    receive_->add_option("--timeout", timeout_seconds_, "Wait so long for a message; at once: 0")
        ->type_name("SECONDS");
    receive_->add_option("--lock-timeout", lock_seconds_, "Keep it from other receivers so long")
        ->type_name("SECONDS")
        ->check(CLI::PositiveNumber);
    output_.declare(*receive_);
    auto* complete = receive_->add_flag("--complete", completes_, "Complete it once printed");
    auto* abandon = receive_->add_flag("--abandon", abandons_, "Abandon it once printed");
    auto* reject = receive_->add_flag("--reject", rejects_, "Reject it once printed");
    complete->excludes(abandon)->excludes(reject);
    abandon->excludes(reject);
}

void CloudToDevice::run() {
    if (*send_) return send();
    if (*receive_) return receive();
    if (*purge_) return purge();
    auto queue = DeviceQueueCall::by(login_, device_id_);
    if (*complete_) queue.settle(lock_token_, Settling::complete);
    if (*abandon_) queue.settle(lock_token_, Settling::abandon);
    if (*reject_) queue.settle(lock_token_, Settling::reject);
}

void CloudToDevice::send() {
    if (draft_.message_id.empty()) draft_.message_id = Uuid::random().to_string();
    const auto properties = properties_of(draft_);
    const std::string body = draft_.text == "-" ? read_input() : draft_.text;
    login_.connect().send_c2d_message(device_id_, body, properties);
    fmt::print("{}\n", draft_.message_id);
}

void CloudToDevice::receive() {
    auto queue = DeviceQueueCall::by(login_, device_id_);
    const auto message = next_message(queue);
    if (!message) throw NotFound("no message waits for " + device_id_);
    show_message(*message, output_);
    // Whoever settles says that the message is safe.
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
        throw std::runtime_error("the message could not be printed; it stays with the hub");
    }
    if (completes_) queue.settle(message->lock_token, Settling::complete);
    if (abandons_) queue.settle(message->lock_token, Settling::abandon);
    if (rejects_) queue.settle(message->lock_token, Settling::reject);
}

void CloudToDevice::purge() {
    const auto purged = login_.connect().purge_c2d_message_queue(device_id_);
    fmt::print("{} messages removed\n", purged.total_messages_purged);
}

/// One poll a second: a hub answers each at once.
std::optional<MessageParts> CloudToDevice::next_message(DeviceQueueCall& queue) const {
    constexpr Milliseconds interval{1000};
    const SystemClock clock;
    const SteadyTime deadline = clock.now().steady + std::chrono::seconds(timeout_seconds_);
    while (true) {
        if (auto message = queue.receive(lock_seconds_)) return message;
        const Milliseconds left = deadline - clock.now().steady;
        if (left <= left.zero()) return std::nullopt;
        poll(nullptr, 0, static_cast<int>(std::min(left, interval).count()));
    }
}

}  // namespace

std::unique_ptr<Verb> c2d(CLI::App& app) {
    return std::make_unique<CloudToDevice>(app);
}

}  // namespace restante::cli
