#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/json/object.hpp>
#include <charconv>
#include <cmath>
#include <deque>
#include <semaphore>

#include "base/uuid.hpp"
#include "cli/device_client.hpp"
#include "cli/failure.hpp"
#include "cli/interruption.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "net/loop.hpp"
#include "net/loops.hpp"

namespace restante::cli {
namespace {

constexpr std::size_t messages_max = 1'000'000;
/// Each is a connection and a thread or two.
constexpr std::size_t devices_max = 100;
/// As many as a device's queue holds by default, should all be one device's.
constexpr std::size_t in_flight_max = 50;
/// Each waits for the hub's answer before it sends again.
constexpr std::size_t senders_max = 16;
constexpr std::size_t body_bytes_max = 60 * 1024;
/// How often the progress is shown.
constexpr Milliseconds look_interval{100};

struct Wishes {
    std::size_t messages = 1000;
    std::size_t devices = 10;
    std::size_t in_flight = 32;
    std::size_t body_bytes = 100;
    std::uint32_t patience_seconds = 30;
    std::string prefix = "bench-";
};

/// Identities for the time of a measurement; those it made, and no others, it deletes.
class Fleet {
  public:
    Fleet(IoTHubRegistryManager& manager, const Wishes& wishes) : manager_(manager) {
        constexpr std::size_t run_characters = 8;
        const auto run = Uuid::random().to_string().substr(0, run_characters);
        try {
            for (std::size_t i = 0; i < wishes.devices; ++i) {
                const auto id = fmt::format("{}{}-{}", wishes.prefix, run, i + 1);
                devices_.push_back(manager.create_device_with_sas(id, "", "", "enabled"));
            }
        } catch (...) {
            remove();
            throw;
        }
    }
    ~Fleet() { remove(); }
    Fleet(const Fleet&) = delete;
    Fleet& operator=(const Fleet&) = delete;

    const std::vector<Device>& devices() const { return devices_; }

  private:
    void remove() {
        for (const auto& device : devices_) {
            try {
                manager_.delete_device(device.device_id);
            } catch (const std::exception& error) {
                fmt::print(stderr, "restante: {} stays with the hub: {}\n", device.device_id,
                           error.what());
            }
        }
    }

    IoTHubRegistryManager& manager_;
    std::vector<Device> devices_;
};

/// One measurement. Senders run on loops of their own, handlers on the clients' threads.
class Measurement {
  public:
    Measurement(const Wishes& wishes, Interruption& interruption, IoTHubRegistryManager& manager)
        : wishes_(wishes),
          interruption_(interruption),
          manager_(manager),
          body_(wishes.body_bytes, 'x'),
          sent_at_(wishes.messages),
          latencies_(wishes.messages) {}

    void add(const std::string& device_id, IoTHubDeviceClient client) {
        devices_.emplace_back(device_id, std::move(client));
    }

    /// Throws what a connection or a send failed with, or when it ended before all had come.
    void run();

    boost::json::object result();

  private:
    struct Receiver {
        std::string id;
        IoTHubDeviceClient client;
    };

    SteadyTime now() const { return clock_.now().steady; }
    void begin(net::Loops& senders, std::size_t count);
    void send();
    void receive(const Message& message);
    void watch();
    void fail(std::exception_ptr why);
    std::int64_t percentile(std::size_t percent) const;

    const Wishes& wishes_;
    Interruption& interruption_;
    IoTHubRegistryManager& manager_;
    SystemClock clock_;
    std::string body_;
    std::deque<Receiver> devices_;
    std::counting_semaphore<> slots_{0};
    std::vector<std::atomic<SteadyTime::rep>> sent_at_;  // by number; 0: not sent, or received
    std::vector<SteadyTime::duration> latencies_;        // in the order of arrival
    std::atomic<std::size_t> next_ = 0;
    std::atomic<std::size_t> arrived_ = 0;   // have a place among the latencies
    std::atomic<std::size_t> received_ = 0;  // and stand there
    std::atomic<bool> ending_ = false;
    std::exception_ptr failure_;  // of whoever set ending_ by it; read when all have ended
    std::atomic<SteadyTime::rep> begun_ = 0;
    std::atomic<SteadyTime::rep> ended_ = 0;
};

void Measurement::run() {
    const auto count = std::min(wishes_.in_flight, senders_max);
    {
        net::Loops senders(count);
        senders.at(0).post([&] { begin(senders, count); });
        watch();
        ending_ = true;
        slots_.release(static_cast<std::ptrdiff_t>(count));
        for (auto& device : devices_) device.client.shutdown();
    }
    if (failure_) std::rethrow_exception(failure_);
    if (received_ < wishes_.messages) {
        throw std::runtime_error(fmt::format("{} of {} messages had come when it was ended",
                                             received_.load(), wishes_.messages));
    }
}

/// On a loop, so that an interruption need not wait for the connections.
void Measurement::begin(net::Loops& senders, std::size_t count) {
    try {
        for (auto& device : devices_) {
            device.client.on_message_received([this](const Message& message) { receive(message); });
        }
    } catch (...) {
        return fail(std::current_exception());
    }
    begun_ = now().time_since_epoch().count();
    slots_.release(static_cast<std::ptrdiff_t>(wishes_.in_flight));
    for (std::size_t i = 0; i < count; ++i) senders.at(i).post([this] { send(); });
}

void Measurement::send() {
    try {
        for (;;) {
            slots_.acquire();
            const auto number = next_++;
            if (ending_ || number >= wishes_.messages) return slots_.release();
            sent_at_[number] = now().time_since_epoch().count();
            manager_.send_c2d_message(devices_[number % devices_.size()].id, body_,
                                      {{"messageId", std::to_string(number)}});
        }
    } catch (...) {
        fail(std::current_exception());
    }
}

/// A hub may deliver a message twice: it counts once.
void Measurement::receive(const Message& message) {
    const auto arrival = now();
    const std::string id = message.message_id.value_or("");
    std::size_t number = wishes_.messages;
    std::from_chars(id.data(), id.data() + id.size(), number);
    if (number >= wishes_.messages) return;
    const auto sent = sent_at_[number].exchange(0);
    if (sent == 0) return;
    latencies_[arrived_++] = arrival.time_since_epoch() - SteadyTime::duration(sent);
    ended_ = arrival.time_since_epoch().count();
    if (++received_ == wishes_.messages) {
        ending_ = true;
        interruption_.wake();
    }
    slots_.release();
}

/// Until all has come, something fails, somebody ends it or nothing comes any more.
void Measurement::watch() {
    Progress progress(fmt::format("of {} messages received", wishes_.messages));
    const std::chrono::seconds patience(wishes_.patience_seconds);
    std::size_t seen = 0;
    auto seen_at = now();
    while (!ending_ && !interruption_.wait(look_interval)) {
        const std::size_t received = received_;
        progress.show(received);
        if (received != seen || begun_ == 0) {
            seen = received;
            seen_at = now();
        } else if (now() - seen_at >= patience) {
            fail(std::make_exception_ptr(std::runtime_error(
                fmt::format("nothing came for {} s, after {} of {} messages; is the hub "
                            "overloaded?",
                            patience.count(), received, wishes_.messages))));
        }
    }
}

void Measurement::fail(std::exception_ptr why) {
    // What fails after the end fails because of it.
    if (ending_.exchange(true)) return;
    failure_ = std::move(why);
    interruption_.wake();
}

/// In microseconds, by the nearest rank.
std::int64_t Measurement::percentile(std::size_t percent) const {
    const auto rank = (latencies_.size() * percent + 99) / 100;
    return std::chrono::duration_cast<std::chrono::microseconds>(latencies_[rank - 1]).count();
}

boost::json::object Measurement::result() {
    std::ranges::sort(latencies_);
    const SteadyTime::duration all(ended_ - begun_);
    const double seconds = std::chrono::duration<double>(all).count();
    return {{"messages", wishes_.messages},
            {"devices", wishes_.devices},
            {"inFlight", wishes_.in_flight},
            {"bodyBytes", wishes_.body_bytes},
            {"milliseconds", std::chrono::duration_cast<Milliseconds>(all).count()},
            {"messagesPerSecond", std::llround(static_cast<double>(wishes_.messages) / seconds)},
            {"latencyMicroseconds",
             {{"p50", percentile(50)}, {"p99", percentile(99)}, {"max", percentile(100)}}}};
}

class Bench final : public Verb {
  public:
    explicit Bench(CLI::App& app);
    void run() override;

  private:
    Login login_;
    Wishes wishes_;
    Output output_{Format::table};
};

template <class Number>
void declare_count(CLI::App& app, const std::string& name, Number& count, std::size_t most,
                   const std::string& meaning) {
    app.add_option(name, count, meaning)
        ->type_name("COUNT")
        ->check(CLI::Range(std::size_t{1}, most))
        ->capture_default_str();
}

Bench::Bench(CLI::App& app) {
    app.description(
        "Measures a hub: sends messages to devices made for the occasion, receives them over MQTT "
        "in the same process, and deletes the devices.");
    login_.declare(app);
    declare_count(app, "--messages", wishes_.messages, messages_max, "How many to send");
    declare_count(app, "--devices", wishes_.devices, devices_max, "To how many devices, in turn");
    declare_count(app, "--in-flight", wishes_.in_flight, in_flight_max,
                  "How many may be sent and not yet received");
    app.add_option("--size", wishes_.body_bytes, "How long each is")
        ->type_name("BYTES")
        ->check(CLI::Range(std::size_t{1}, body_bytes_max))
        ->capture_default_str();
    app.add_option("--timeout", wishes_.patience_seconds,
                   "It is a failure when nothing comes for so long")
        ->type_name("SECONDS")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--prefix", wishes_.prefix, "What the names of the devices begin with")
        ->capture_default_str();
    output_.declare(app);
}

void Bench::run() {
    const auto hub = login_.find();
    Interruption interruption;  // before any thread
    auto manager =
        IoTHubRegistryManager::from_connection_string(hub.connection_string, hub.options);
    const Fleet fleet(manager, wishes_);
    Measurement measurement(wishes_, interruption, manager);
    for (const auto& device : fleet.devices()) {
        measurement.add(device.device_id, make_client(hub, manager.hostname(), device));
    }
    measurement.run();
    const std::vector<Column> columns{{"MESSAGES", "messages"},
                                      {"DEVICES", "devices"},
                                      {"IN FLIGHT", "inFlight"},
                                      {"BODY BYTES", "bodyBytes"},
                                      {"MILLISECONDS", "milliseconds"},
                                      {"MESSAGES/S", "messagesPerSecond"},
                                      {"LATENCY P50 US", "latencyMicroseconds.p50"},
                                      {"LATENCY P99 US", "latencyMicroseconds.p99"},
                                      {"LATENCY MAX US", "latencyMicroseconds.max"}};
    output_.show(measurement.result(), columns);
}

}  // namespace

std::unique_ptr<Verb> bench(CLI::App& app) {
    return std::make_unique<Bench>(app);
}

}  // namespace restante::cli
