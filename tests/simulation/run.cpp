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
          history_(step_, clock_, rules_.queue.lock_duration, plan.trace) {
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
    void create(const std::string& device) {
        model::DeviceDefinition definition{.id = *model::DeviceId::parse(device)};
        definition.authentication.symmetric_key = {.primary = device_key, .secondary = device_key};
        bool created = false;
        machine_->hub().registry().put_device(
            std::move(definition), {},
            [&created](const auto& made) { created = made.has_value(); });
        while (machine_->hub().run_pending() > 0 || disk_.step()) {
        }
        if (!created) throw std::logic_error("a device could not be created");
    }

    // -- connections -------------------------------------------------------------------------

    void open(std::string device, std::size_t protocol) {
        auto line = std::make_unique<Line>();
        line->id = ++last_line_;
        line->device = std::move(device);
        line->opened_step = step_;
        line->opened_at = clock_.now().steady;
        const bool service = line->device.empty();
        static constexpr std::array protocols{"amqp", "https", "mqtt"};
        line->protocol = protocols[protocol];
        const auto& access = machine_->access();
        std::unique_ptr<Peer> peer;
        std::unique_ptr<net::Session> session;
        if (protocol == 0) {
            peer = service ? make_amqp_service(around_, *line, devices_)
                           : make_amqp_device(around_, *line);
            session = std::make_unique<gateway::AmqpSession>(access);
        } else if (protocol == 1) {
            peer = service ? make_https_service(around_, *line, devices_)
                           : make_https_device(around_, *line);
            session = std::make_unique<gateway::HttpSession>(access, machine_->websockets());
        } else {
            peer = make_mqtt_device(around_, *line);
            session = std::make_unique<gateway::MqttSession>(access);
        }
        if (!service) history_.line_opened(*line);
        connections_.push_back(std::make_unique<Connection>(std::move(line), std::move(peer),
                                                            std::move(session), clock_));
    }
    void open_some() {
        if (connections_.size() >= connections_max) return;
        const bool service = random_.chance(35);
        const std::string device = service ? "" : devices_[random_.below(devices_.size())];
        open(device, random_.below(service ? 2 : 3));
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
        for (std::size_t round = 0; round < drain_rounds && !history_.violation(); ++round) {
            open("", random_.below(2));
            for (const auto& device : devices_) open(device, random_.below(3));
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
    History history_;
    Surroundings around_{.history = history_,
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
