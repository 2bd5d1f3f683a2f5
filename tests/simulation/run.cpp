#include "run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "connection.hpp"
#include "gateway/amqp/amqp_session.hpp"
#include "gateway/mqtt/mqtt_session.hpp"
#include "machine.hpp"
#include "sim_disk.hpp"
#include "support/manual_clock.hpp"

namespace restante::simulation {
namespace {

constexpr std::size_t connections_max = 6;
constexpr std::size_t drain_rounds = 4;
constexpr const char* module_id = "m";
/// Without anything new for so many passes, all is quiet.
constexpr std::size_t quiet_passes = 5;

class SilentSink final : public LogSink {
  public:
    void write(std::string_view) override {}
};

core::HubRules make_rules(Random& random) {
    core::HubRules rules;
    rules.queue.depth_max = 1 + random.below(50);
    rules.queue.delivery_count_max = model::limits::delivery_count_max_highest;
    rules.queue.ttl_default = std::chrono::hours(48);
    rules.feedback.ttl = std::chrono::hours(48);
    rules.feedback.delivery_count_max = model::limits::delivery_count_max_highest;
    return rules;
}

class Run {
  public:
    Run(std::uint64_t seed, const Plan& plan)
        : plan_(plan),
          random_(seed),
          keyring_{.policies = auth::make_default_policies(), .authorities = {}},
          rules_(make_rules(random_)),
          disk_(random_),
          history_(step_, clock_, registrations_, rules_.queue.lock_duration, plan.trace) {
        for (std::size_t i = 0; i < 1 + random_.below(3); ++i) {
            devices_.push_back(fmt::format("d{}", i));
        }
    }

    Report go() {
        boot();
        for (const auto& device : devices_) create(device);
        const std::size_t steps = std::min(plan_.steps_max, 20 + random_.below(180));
        for (step_ = 1; step_ <= steps && !history_.violation(); ++step_) step();
        if (!history_.violation()) drain();
        report_.violation = history_.violation();
        report_.accepted = history_.accepted_count();
        report_.delivered = history_.delivered_count();
        report_.fingerprint = random_.next();
        kill_process();
        return report_;
    }

  private:
    // -- the process -------------------------------------------------------------------------

    void boot() {
        machine_.emplace(disk_, clock_, keyring_, rules_, sink_);
        if (const auto started = machine_->start(); !started) {
            throw std::logic_error("the hub does not start: " + started.error().message);
        }
    }
    void kill_process() {
        disk_.crash();
        for (std::size_t i = connections_.size(); i > 0; --i) remove(i - 1);
        machine_.reset();
    }
    void restart() {
        ++report_.restarts;
        kill_process();
        history_.disturbed();
        boot();
    }
    /// Makes the device with its module, or makes them again what they were in the beginning.
    void create(const std::string& device) {
        model::DeviceDefinition definition{.id = *model::DeviceId::parse(device)};
        definition.authentication.symmetric_key = {.primary = device_key, .secondary = device_key};
        model::ModuleDefinition module{.device = definition.id,
                                       .id = *model::ModuleId::parse(module_id),
                                       .authentication = definition.authentication};
        using Kind = core::WriteCondition::Kind;
        auto& registry = machine_->hub().registry();
        std::size_t done = 0;
        const auto count = [&done](const auto& made) { done += made.has_value() ? 1 : 0; };
        for (const auto kind : {Kind::create_only, Kind::update_any}) {
            registry.put_device(definition, {.kind = kind}, count);
            registry.put_module(module, {.kind = kind}, count);
        }
        while (machine_->hub().run_pending() > 0 || disk_.step()) {
        }
        // Either making it or changing what was there.
        if (done < 2) throw std::logic_error("a device could not be created");
        registrations_.add(device);
    }

    // -- connections -------------------------------------------------------------------------

    enum class Kind : std::uint8_t {
        mqtt,
        amqp,
        https,
        module,
        amqp_service,
        https_service,
        registrar
    };

    void open(Kind kind, std::string device = {}) {
        auto line = std::make_unique<Line>();
        line->id = ++last_line_;
        line->opened_step = step_;
        line->opened_at = clock_.now().steady;
        if (!device.empty()) register_line(*line, std::move(device));
        if (kind == Kind::module) line->module = module_id;
        std::unique_ptr<Peer> peer;
        std::unique_ptr<net::Session> session;
        const auto& access = machine_->access();
        if (kind == Kind::amqp || kind == Kind::amqp_service) {
            line->protocol = "amqp";
            peer = kind == Kind::amqp ? make_amqp_device(around_, *line)
                                      : make_amqp_service(around_, *line, devices_);
            session = std::make_unique<gateway::AmqpSession>(access);
        } else if (kind == Kind::mqtt || kind == Kind::module) {
            line->protocol = "mqtt";
            peer = make_mqtt_device(around_, *line);
            session = std::make_unique<gateway::MqttSession>(access);
        } else {
            line->protocol = "https";
            peer = make_https_peer(kind, *line);
            session = http_session();
        }
        if (line->protocol != "https" && random_.chance(25)) {
            peer = make_websocket(around_, line->protocol == "mqtt" ? "mqtt" : "AMQPWSB10",
                                  std::move(peer));
            session = http_session();
        }
        if (!line->device.empty()) history_.line_opened(*line);
        connections_.push_back(std::make_unique<Connection>(std::move(line), std::move(peer),
                                                            std::move(session), clock_));
    }
    std::unique_ptr<net::Session> http_session() {
        return std::make_unique<gateway::HttpSession>(machine_->access(), machine_->websockets());
    }
    std::unique_ptr<Peer> make_https_peer(Kind kind, const Line& line) {
        if (kind == Kind::https) return make_https_device(around_, line);
        if (kind == Kind::registrar) return make_registrar(around_, line, devices_);
        return make_https_service(around_, line, devices_);
    }
    void register_line(Line& line, std::string device) {
        const Registration& known = registrations_.of(device);
        // Somebody may still have the key of the beginning.
        line.key = random_.chance(90) ? known.key : device_key;
        line.changes = registrations_.changes(device);
        line.shut_out = !registrations_.unsure(device) &&
                        (!known.exists || !known.enabled || known.key != line.key);
        line.device = std::move(device);
    }
    void open_some() {
        if (connections_.size() >= connections_max) return;
        if (random_.chance(35)) {
            static constexpr std::array kinds{Kind::amqp_service, Kind::https_service};
            if (plan_.registrars && random_.chance(10)) return open(Kind::registrar);
            return open(kinds[random_.below(kinds.size())]);
        }
        static constexpr std::array kinds{Kind::mqtt, Kind::amqp, Kind::https};
        const auto& device = devices_[random_.below(devices_.size())];
        open(random_.chance(4) ? Kind::module : kinds[random_.below(kinds.size())], device);
    }
    void remove(std::size_t index) {
        connections_[index]->lose();
        if (!connections_[index]->line().device.empty()) {
            history_.line_lost(connections_[index]->line());
        }
        connections_.erase(connections_.begin() + static_cast<std::ptrdiff_t>(index));
    }

    // -- one step ----------------------------------------------------------------------------

    void step() {
        const std::size_t choice = random_.below(200);
        if (choice < 60) {
            pump();
        } else if (choice < 80) {
            machine_->hub().run_pending();
        } else if (choice < 100) {
            disk_.step();
        } else if (choice < 180) {
            step_connection(choice - 100);
        } else if (choice < 188) {
            open_some();
        } else if (choice < 198) {
            pass(Milliseconds(random_.below(500)));
        } else {
            fault();
        }
    }
    void step_connection(std::size_t choice) {
        if (connections_.empty()) return open_some();
        const std::size_t index = random_.below(connections_.size());
        Connection& connection = *connections_[index];
        const bool all = random_.chance(70);
        if (choice < 25) {
            connection.carry_up(random_, all);
        } else if (choice < 50) {
            connection.carry_down(random_, all);
        } else if (choice < 65) {
            connection.run_posted();
        } else {
            connection.peer().act();
        }
        if (connection.over()) remove(index);
    }
    void fault() {
        const std::size_t choice = random_.below(100);
        const std::uint64_t draw = random_.next();
        if (choice < 45) {
            if (plan_.losses && !connections_.empty()) remove(draw % connections_.size());
        } else if (choice < 65) {
            if (plan_.crashes) restart();
        } else if (choice < 75) {
            if (plan_.disk_failures) sicken_disk(draw);
        } else if (choice < 95) {
            if (plan_.clock_jumps) jump(draw);
        } else if (plan_.damage) {
            if (const auto id = disk_.damage_a_message()) history_.damaged(*id);
        }
    }
    void sicken_disk(std::uint64_t draw) {
        if (draw % 3 == 0) return disk_.set_room(draw % 2 == 0);
        disk_.fail_next_commit();
    }
    void jump(std::uint64_t draw) {
        history_.disturbed();
        if (draw % 2 == 0) return pass(std::chrono::seconds(61 + draw % 30));
        const Milliseconds by = std::chrono::minutes(draw % 40) - std::chrono::minutes(20);
        clock_.set_wall(clock_.now().wall + by);
        pass(Milliseconds(1));
    }
    void pass(Milliseconds time) {
        clock_.advance(time);
        const auto due = machine_->hub().next_deadline();
        if (due && *due <= clock_.now().steady) machine_->hub().advance();
        for (auto& connection : connections_) connection->advance();
    }

    // -- the quiet time ----------------------------------------------------------------------

    void drain() {
        draining_ = true;
        history_.disturbed();
        for (std::size_t i = connections_.size(); i > 0; --i) remove(i - 1);
        disk_.crash();
        disk_.mend();
        restart();
        for (const auto& device : devices_) create(device);
        for (std::size_t round = 0; round < drain_rounds && !history_.violation(); ++round) {
            open(random_.chance(50) ? Kind::amqp_service : Kind::https_service);
            static constexpr std::array kinds{Kind::mqtt, Kind::amqp, Kind::https};
            for (const auto& device : devices_) open(kinds[random_.below(kinds.size())], device);
            pump_until_quiet();
            pass(rules_.queue.lock_duration + std::chrono::seconds(1));
            pump_until_quiet();
            for (std::size_t i = connections_.size(); i > 0; --i) remove(i - 1);
            pump_until_quiet();
        }
        history_.finish();
    }
    void pump_until_quiet() {
        std::size_t seen = history_.changes();
        for (std::size_t quiet = 0; quiet < quiet_passes && !history_.violation(); ++quiet) {
            ++step_;
            pump();
            if (history_.changes() != seen) quiet = 0;
            seen = history_.changes();
        }
    }
    /// Something else may come before the disk has done all.
    bool interrupted() { return !draining_ && random_.chance(20); }
    void pump() {
        for (auto& connection : connections_) connection->peer().act();
        for (int i = 0; i < 2; ++i) {
            for (auto& connection : connections_) connection->carry_up(random_, true);
            do {
                for (auto& connection : connections_) connection->run_posted();
            } while ((machine_->hub().run_pending() > 0 || disk_.step()) && !interrupted());
            for (auto& connection : connections_) connection->carry_down(random_, true);
        }
    }

    const Plan plan_;
    Random random_;
    std::uint64_t step_ = 0;
    bool draining_ = false;
    SilentSink sink_;
    test::ManualClock clock_;
    const auth::Keyring keyring_;
    const core::HubRules rules_;
    SimDisk disk_;
    Registrations registrations_;
    History history_;
    Surroundings around_{.history = history_,
                         .registrations = registrations_,
                         .random = random_,
                         .clock = clock_,
                         .step = step_,
                         .policies = keyring_.policies,
                         .draining = draining_};
    std::vector<std::string> devices_;
    std::optional<Machine> machine_;
    std::vector<std::unique_ptr<Connection>> connections_;
    std::uint64_t last_line_ = 0;
    Report report_;
};

}  // namespace

Report run(std::uint64_t seed, const Plan& plan) {
    return Run(seed, plan).go();
}

}  // namespace restante::simulation
