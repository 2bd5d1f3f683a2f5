// The device SDK on networks that fail: every fault, over every transport, in each phase of its
// work. Each cell is one device with a proxy of its own before a real hub. After the fault it must
// receive the next message without a restart, say of its connection what is true, and have answered
// whoever waits.
//
// Most of a cell is waiting for a silence to be noticed, so the cells run beside each other.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "restante/device/iothub_device_client.hpp"
#include "support/fault_proxy.hpp"
#include "support/hub_clients.hpp"

namespace restante {
namespace {

using test::Direction;
using test::FaultProxy;
using test::ProxyCounts;
using test::Way;

// Those that take longest come first, so that no thread is left with them at the end.
enum class Fault : std::uint8_t { stall, half_open, ignore, corrupt, refuse, delay, cut, reset };
constexpr std::array fault_names{"stall",  "half_open", "ignore", "corrupt",
                                 "refuse", "delay",     "cut",    "reset"};

enum class Phase : std::uint8_t { idle, sending, receiving };
constexpr std::array phase_names{"idle", "sending", "receiving"};

struct Cell {
    Fault fault;
    const Way* way;
    Phase phase;

    std::string name() const {
        return std::string(fault_names[static_cast<std::size_t>(fault)]) + "_" + way->name + "_" +
               phase_names[static_cast<std::size_t>(phase)];
    }
    bool by_https() const { return way->transport == Transport::https; }
    bool breaks() const { return fault != Fault::delay; }
    /// Short where a silence has to be noticed or heartbeats to pass. Where the break is heard of,
    /// a machine that is busy for a moment must not look like one.
    std::chrono::seconds keep_alive() const {
        switch (fault) {
            case Fault::stall:
            case Fault::half_open:
            case Fault::ignore:
                return std::chrono::seconds(2);
            case Fault::delay:
                return std::chrono::seconds(3);
            default:
                return std::chrono::seconds(30);
        }
    }
};

std::vector<Cell> all_cells() {
    std::vector<Cell> cells;
    for (std::size_t fault = 0; fault < fault_names.size(); ++fault) {
        for (const auto& way : test::all_ways) {
            for (std::size_t phase = 0; phase < phase_names.size(); ++phase) {
                cells.push_back({Fault(fault), &way, Phase(phase)});
            }
        }
    }
    return cells;
}

constexpr std::size_t queue_depth = 50;

/// Of the telemetry that a fault meets; no other exchange comes near the half of it.
constexpr std::size_t telemetry_bytes = 64 * 1024;

/// Longer than a round trip takes, shorter than any patience of the client's.
constexpr std::chrono::milliseconds delay_each{300};
/// Bytes of the hub's that a delayed connection must still pass: some heartbeats of any protocol.
constexpr std::size_t delayed_bytes = 60;

constexpr std::size_t refusals = 2;

/// What the handlers of one device have seen, and waits for more of it.
class Diary {
  public:
    template <class Change>
    void note(Change change) {
        const std::lock_guard lock(mutex_);
        change();
        changed_.notify_all();
    }
    template <class Condition>
    bool wait(Condition condition) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, FaultProxy::patience, condition);
    }

    // Guarded by the mutex: inside note() and wait(), or when no handler is called any more.
    std::vector<std::string> bodies;
    std::vector<bool> states;
    std::vector<std::string> errors;
    bool handler_may_return = true;

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
};

struct HubForFaults {
    test::RunningHub hub{queue_depth};
    IoTHubRegistryManager manager = test::manager_of(hub);
};

class CellRun {
  public:
    CellRun(HubForFaults& hub, const Cell& cell)
        : hub_(hub),
          cell_(cell),
          device_(hub.manager.create_device_with_sas(cell.name(), "", "", "enabled")),
          proxy_(cell.way->port(hub.hub)),
          client_(IoTHubDeviceClient::create_from_symmetric_key(
              device_.authentication.symmetric_key.primary_key, "localhost", cell.name(),
              options())) {}

    /// What went wrong, one line each; empty when nothing did.
    std::string run() {
        client_.on_connection_state_change(
            [this] { diary_.note([&] { diary_.states.push_back(client_.connected()); }); });
        client_.on_background_exception([this](const std::exception& problem) {
            diary_.note([&] { diary_.errors.emplace_back(problem.what()); });
        });
        client_.on_message_received([this](const Message& message) { handle(message); });
        begin();
        strike();
        recover();
        client_.shutdown();
        await_goodbye();
        judge();
        return findings_;
    }

  private:
    ClientOptions options() const {
        ClientOptions options = cell_.way->options(hub_.hub);
        options.port = proxy_.port();
        options.keep_alive = cell_.keep_alive();
        options.connection_retry_interval = std::chrono::seconds(1);
        options.polling_interval = std::chrono::seconds(1);
        return options;
    }
    void expect(bool holds, const std::string& otherwise) {
        if (!holds) findings_ += otherwise + "\n";
    }
    void send(const char* body) { hub_.manager.send_c2d_message(cell_.name(), body); }

    void handle(const Message& message) {
        diary_.note([&] { diary_.bodies.push_back(message.data); });
        diary_.wait([&] { return diary_.handler_may_return; });
    }

    /// Brings the device to where the fault shall meet it.
    void begin() {
        expect(diary_.wait([&] { return !diary_.states.empty(); }), "no event of connecting");
        if (cell_.phase == Phase::sending) {
            proxy_.hold_answer(telemetry_bytes / 2);
            sent_ = std::async(std::launch::async,
                               [this] { client_.send_message(std::string(telemetry_bytes, 'x')); });
            // Not before the answer is there: what is sent later must not come together with it.
            expect(proxy_.wait([](const ProxyCounts& counts) { return counts.kept == 1; }),
                   "the telemetry was not answered");
        } else if (cell_.phase == Phase::receiving) {
            diary_.note([&] { diary_.handler_may_return = false; });
            send("held");
            expect(diary_.wait([&] { return diary_.bodies.size() == 1; }), "no message came");
        }
    }

    void strike() {
        switch (cell_.fault) {
            case Fault::stall:
                return proxy_.stall();
            case Fault::half_open:
                return proxy_.half_open();
            case Fault::ignore:
                proxy_.ignore(1);
                return proxy_.reset();
            case Fault::corrupt:
                return proxy_.corrupt();
            case Fault::refuse:
                proxy_.refuse(refusals);
                return proxy_.cut();
            case Fault::delay:
                return proxy_.delay(delay_each);
            case Fault::cut:
                return proxy_.cut();
            case Fault::reset:
                return proxy_.reset();
        }
    }

    void recover() {
        // By HTTPS a message that goes down with its connection stays locked, so the next one is
        // left when the device is on another connection; else while the device is in trouble.
        if (!cell_.by_https()) send("next");
        cell_.breaks() ? await_another_connection() : await_heartbeats();
        if (cell_.by_https()) send("next");
        diary_.note([&] { diary_.handler_may_return = true; });
        if (sent_.valid()) await_sender();
        expect(diary_.wait([&] { return std::ranges::count(diary_.bodies, "next") > 0; }),
               "the next message did not come");
    }
    void await_another_connection() {
        expect(proxy_.wait([](const ProxyCounts& counts) { return counts.connections == 2; }),
               "the device did not connect again");
    }
    void await_heartbeats() {
        const auto enough = proxy_.counts().bytes_to(Direction::to_client) + delayed_bytes;
        const auto heard = [enough](const ProxyCounts& counts) {
            return counts.bytes_to(Direction::to_client) >= enough;
        };
        expect(proxy_.wait(heard), "the delayed connection fell silent");
    }
    void await_sender() {
        if (sent_.wait_for(FaultProxy::patience) != std::future_status::ready) {
            return expect(false, "send_message did not return");
        }
        try {
            sent_.get();
        } catch (const std::exception& reason) {
            expect(false, std::string("send_message failed: ") + reason.what());
        }
    }

    /// The hub closes a connection when it has heard all that was said on it.
    void await_goodbye() {
        const std::size_t silent = cell_.fault == Fault::stall ? 1 : 0;
        expect(proxy_.wait([&](const ProxyCounts& counts) {
            return counts.ended + silent == counts.connections;
        }),
               "a connection was left open");
    }

    /// When no handler is called any more.
    void judge() {
        judge_messages();
        judge_states();
        const bool dropped =
            !diary_.errors.empty() && diary_.errors.front().starts_with("Lost connection");
        expect(dropped == cell_.breaks(),
               dropped ? "unexpected: " + diary_.errors.front() : "the break was not reported");
        const auto counts = proxy_.counts();
        expect(counts.refused == (cell_.fault == Fault::refuse ? refusals : 0), "other refusals");
        expect(counts.ignored == (cell_.fault == Fault::ignore ? 1 : 0), "not one ignored");
        expect(counts.corrupted == (cell_.fault == Fault::corrupt ? 1 : 0), "not one corruption");
        expect(counts.connections == (cell_.breaks() ? 2 : 1), "more connections than needed");
    }
    void judge_messages() {
        const bool held = cell_.phase == Phase::receiving;
        // Where the hub hears that the connection ended, it delivers what was held again; by HTTPS
        // once the lock has ended.
        const bool again = held && cell_.breaks() && !cell_.by_https();
        const bool locked = held && cell_.breaks() && cell_.by_https();
        std::vector<std::string> expected;
        if (held) expected.emplace_back("held");
        if (again) expected.emplace_back("held");
        expected.emplace_back("next");
        std::string seen;
        for (const auto& body : diary_.bodies) seen += " " + body;
        expect(diary_.bodies == expected, "the device received:" + seen);
        const auto left = hub_.manager.get_device(cell_.name()).cloud_to_device_message_count;
        expect(left == (locked ? 1U : 0U), "messages left with the hub: " + std::to_string(left));
    }
    /// Each change has its call. A call that comes late sees the state as it is then, so that what
    /// the one for the break saw is not certain; but the last before and after it saw the truth.
    void judge_states() {
        std::vector<bool> expected{true, false};
        if (cell_.breaks()) {
            const bool late = diary_.states.size() > 1 && diary_.states[1];
            expected = {true, late, true, false};
        }
        std::string seen;
        for (const bool state : diary_.states) seen += state ? " connected" : " disconnected";
        expect(diary_.states == expected, "changes of state:" + seen);
        expect(!client_.connected(), "connected after shutdown");
    }

    HubForFaults& hub_;
    const Cell cell_;
    const Device device_;
    FaultProxy proxy_;
    Diary diary_;
    std::string findings_;
    IoTHubDeviceClient client_;
    std::future<void> sent_;
};

/// Runs the cells that were asked for on a few threads; each test case waits for its own.
class DeviceFaults : public testing::TestWithParam<Cell> {
  protected:
    static constexpr std::size_t threads_max = 24;

    static void SetUpTestSuite() {
        const auto cells = all_cells();
        std::cout << "fault matrix: " << fault_names.size() << " faults x "
                  << std::size(test::all_ways) << " transports x " << phase_names.size()
                  << " phases = " << cells.size() << " cells" << std::endl;
        const auto& suite = *testing::UnitTest::GetInstance()->current_test_suite();
        hub_ = std::make_unique<HubForFaults>();
        runs_.clear();
        for (int i = 0; i < suite.total_test_count(); ++i) {
            if (!suite.GetTestInfo(i)->should_run()) continue;
            const Cell& cell = cells[static_cast<std::size_t>(i)];
            runs_.emplace_back([cell] { return CellRun(*hub_, cell).run(); });
            found_[cell.name()] = runs_.back().get_future();
        }
        next_run_ = 0;
        for (std::size_t i = 0; i < std::min(threads_max, runs_.size()); ++i) {
            threads_.emplace_back([] {
                for (auto mine = next_run_++; mine < runs_.size(); mine = next_run_++) {
                    runs_[mine]();
                }
            });
        }
    }
    static void TearDownTestSuite() {
        for (auto& thread : threads_) thread.join();
        threads_.clear();
        found_.clear();
        hub_.reset();
    }

    static inline std::unique_ptr<HubForFaults> hub_;
    static inline std::vector<std::packaged_task<std::string()>> runs_;
    static inline std::map<std::string, std::future<std::string>> found_;
    static inline std::atomic<std::size_t> next_run_;
    static inline std::vector<std::thread> threads_;
};

TEST_P(DeviceFaults, TheNextMessageComesWithoutARestart) {
    EXPECT_EQ(found_.at(GetParam().name()).get(), "");
}

INSTANTIATE_TEST_SUITE_P(Matrix, DeviceFaults, testing::ValuesIn(all_cells()),
                         [](const auto& cell) { return cell.param.name(); });

}  // namespace
}  // namespace restante
