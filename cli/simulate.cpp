#include <fmt/format.h>

#include <atomic>
#include <boost/json/serialize.hpp>
#include <deque>

#include "cli/device_client.hpp"
#include "cli/failure.hpp"
#include "cli/interruption.hpp"
#include "cli/message_output.hpp"
#include "cli/output.hpp"
#include "net/loop.hpp"
#include "net/loops.hpp"

namespace restante::cli {
namespace {

/// Each is a connection and a thread or two.
constexpr std::size_t devices_max = 100;

struct Wishes {
    std::vector<std::string> device_ids;
    bool create = false;
    std::uint64_t messages = 0;  ///< end after so many; 0: go on
    std::uint32_t seconds = 0;   ///< likewise
    std::string format = "text";
};

MessageParts parts_of(const std::string& device_id, const Message& message) {
    constexpr std::string_view system_prefix = "$.";
    MessageParts parts{.device_id = device_id,
                       .lock_token = {},
                       .body = message.data,
                       .system = {},
                       .application = {}};
    set_present(parts.system, "messageId", message.message_id);
    set_present(parts.system, "correlationId", message.correlation_id);
    set_present(parts.system, "userId", message.user_id);
    set_present(parts.system, "contentType", message.content_type);
    set_present(parts.system, "contentEncoding", message.content_encoding);
    set_present(parts.system, "ack", message.ack);
    set_present(parts.system, "expiryTimeUtc", message.expiry_time_utc);
    for (const auto& [name, value] : message.custom_properties) {
        if (name.starts_with(system_prefix)) {
            parts.system[name.substr(system_prefix.size())] = value;
        } else {
            parts.application[name] = value;
        }
    }
    return parts;
}

/// An identity with a key. Says what to do when there is none.
Device find_device(IoTHubRegistryManager& manager, const std::string& device_id, bool create) {
    try {
        auto device = manager.get_device(device_id);
        if (device.authentication.type == "sas") return device;
        throw std::runtime_error(fmt::format(
            "{} proves itself by a certificate; simulate takes devices with keys", device_id));
    } catch (const IoTHubError& error) {
        if (error.name() != "DeviceNotFound") throw;
        if (create) return manager.create_device_with_sas(device_id, "", "", "enabled");
        throw NotFound(fmt::format(
            "the hub has no device {0}; `restante device create {0}` or --create makes it",
            device_id));
    }
}

/// The devices while they are connected. Handlers run on the clients' threads, one at a time each.
class Simulation {
  public:
    Simulation(const Wishes& wishes, Interruption& interruption)
        : wishes_(wishes), interruption_(interruption) {}

    void add(const std::string& device_id, IoTHubDeviceClient client) {
        auto& device = devices_.emplace_back(device_id, std::move(client));
        device.client.on_connection_state_change([this, &device] { tell_state(device); });
        device.client.on_background_exception(
            [this, &device](const std::exception& error) { tell(device, error.what()); });
    }

    /// Until all is received, the time is over or somebody says so. Throws what a first connection
    /// fails with.
    void run();

    std::uint64_t received() const { return received_; }

  private:
    struct Simulated {
        std::string id;
        IoTHubDeviceClient client;
    };

    void connect();
    void receive(Simulated& device, const Message& message);
    bool print(const MessageParts& message) const;
    void tell_state(const Simulated& device) const {
        tell(device, device.client.connected() ? "connected" : "disconnected");
    }
    void tell(const Simulated& device, std::string_view what) const {
        if (!ending_) fmt::print(stderr, "restante: {}: {}\n", device.id, printable(what));
    }

    const Wishes& wishes_;
    Interruption& interruption_;
    std::deque<Simulated> devices_;  // their handlers know where they are
    std::atomic<std::uint64_t> taken_ = 0;
    std::atomic<std::uint64_t> received_ = 0;
    std::atomic<bool> ending_ = false;
    std::atomic<bool> unprintable_ = false;
    std::exception_ptr failure_;  // of connect(); read when its loop has ended
};

void Simulation::run() {
    {
        net::Loops connecting(1);
        connecting.at(0).post([this] { connect(); });
        std::optional<Milliseconds> at_most;
        if (wishes_.seconds > 0) at_most = std::chrono::seconds(wishes_.seconds);
        interruption_.wait(at_most);
        ending_ = true;
        for (auto& device : devices_) device.client.shutdown();
    }
    if (failure_) std::rethrow_exception(failure_);
    if (unprintable_) {
        throw std::runtime_error("a message could not be printed; it stays with the hub");
    }
}

/// On a loop of its own, so that an interruption need not wait for it.
void Simulation::connect() {
    try {
        for (auto& device : devices_) {
            device.client.on_message_received(
                [this, &device](const Message& message) { receive(device, message); });
        }
        if (!ending_) {
            fmt::print(stderr, "restante: {} waiting for messages; Ctrl-C ends it\n",
                       devices_.size() == 1 ? "the device is" : "all devices are");
        }
    } catch (...) {
        // After the end it fails for no other reason than that.
        if (!ending_) failure_ = std::current_exception();
        interruption_.wake();
    }
}

/// The hub forgets the message when this returns, and delivers it again when it throws.
void Simulation::receive(Simulated& device, const Message& message) {
    const std::uint64_t number = ++taken_;
    if (wishes_.messages > 0 && number >= wishes_.messages) {
        ending_ = true;
        device.client.disconnect();
        if (number > wishes_.messages) throw std::runtime_error("one more than was asked for");
    }
    if (!print(parts_of(device.id, message))) {
        unprintable_ = true;
        interruption_.wake();
        throw std::runtime_error("the standard output takes no more");
    }
    if (++received_ == wishes_.messages) interruption_.wake();
}

bool Simulation::print(const MessageParts& message) const {
    const std::string line = wishes_.format == "jsonl"
                                 ? boost::json::serialize(message_json(message))
                                 : message_line(message);
    fmt::print("{}\n", line);
    return std::fflush(stdout) == 0;
}

class Simulate final : public Verb {
  public:
    explicit Simulate(CLI::App& app);
    void run() override;

  private:
    Login login_;
    Wishes wishes_;
};

Simulate::Simulate(CLI::App& app) {
    app.description(
        "Devices that connect, print each message and settle it, until Ctrl-C. Their keys come "
        "from the hub.");
    login_.declare(app);
    app.add_option("ID", wishes_.device_ids, "Names of the devices")
        ->required()
        ->expected(1, static_cast<int>(devices_max));
    app.add_flag("--create", wishes_.create, "Register those that the hub does not know");
    app.add_option("--messages", wishes_.messages, "End after so many")
        ->type_name("COUNT")
        ->check(CLI::PositiveNumber);
    app.add_option("--duration", wishes_.seconds,
                   "End after so long; with --messages, it is a failure not to have them by then")
        ->type_name("SECONDS")
        ->check(CLI::PositiveNumber);
    app.add_option("-o,--output", wishes_.format, "How to print a message")
        ->check(CLI::IsMember({"text", "jsonl"}))
        ->capture_default_str();
}

void Simulate::run() {
    const auto hub = login_.find();
    std::vector<Device> devices;
    std::string hostname;
    {
        auto manager =
            IoTHubRegistryManager::from_connection_string(hub.connection_string, hub.options);
        for (const auto& id : wishes_.device_ids) {
            devices.push_back(find_device(manager, id, wishes_.create));
        }
        hostname = manager.hostname();
    }
    Interruption interruption;
    Simulation simulation(wishes_, interruption);
    for (const auto& device : devices) {
        simulation.add(device.device_id, make_client(hub, hostname, device));
    }
    simulation.run();
    if (wishes_.messages > 0 && wishes_.seconds > 0 && simulation.received() < wishes_.messages) {
        throw NotFound(fmt::format("{} of {} messages came in {} s", simulation.received(),
                                   wishes_.messages, wishes_.seconds));
    }
}

}  // namespace

std::unique_ptr<Verb> simulate(CLI::App& app) {
    return std::make_unique<Simulate>(app);
}

}  // namespace restante::cli
