// Runs simulated lives of a hub and judges them: simulate --seeds 1000000 --from 1 --jobs 2
//
// A seed that breaks a promise is printed with what was broken, made as small as it can be, and the
// exit code is 1. simulate --from SEED --seeds 1 does it again.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "run.hpp"

namespace restante::simulation {
namespace {

struct Tally {
    std::atomic<std::uint64_t> next;
    std::uint64_t end = 0;
    std::atomic<std::uint64_t> done{0};
    std::atomic<std::uint64_t> accepted{0};
    std::atomic<std::uint64_t> delivered{0};
    std::atomic<std::uint64_t> restarts{0};
    std::mutex mutex;
    std::optional<std::uint64_t> broken;
};

void work(Tally& tally) {
    for (;;) {
        const std::uint64_t seed = tally.next.fetch_add(1);
        if (seed >= tally.end) return;
        const Report report = run(seed);
        ++tally.done;
        tally.accepted += report.accepted;
        tally.delivered += report.delivered;
        tally.restarts += report.restarts;
        if (!report.violation) continue;
        const std::lock_guard lock(tally.mutex);
        if (!tally.broken || seed < *tally.broken) tally.broken = seed;
        tally.next = tally.end;
        return;
    }
}

bool breaks(std::uint64_t seed, const Plan& plan) {
    return run(seed, plan).violation.has_value();
}

/// The smallest plan with which the seed still breaks a promise.
Plan shrink(std::uint64_t seed) {
    Plan plan;
    for (bool Plan::* fault : {&Plan::crashes, &Plan::losses, &Plan::disk_failures,
                               &Plan::clock_jumps, &Plan::damage, &Plan::registrars}) {
        Plan without = plan;
        without.*fault = false;
        if (breaks(seed, without)) plan = without;
    }
    for (std::size_t cut = plan.steps_max / 2; cut > 0; cut /= 2) {
        while (plan.steps_max > cut) {
            Plan shorter = plan;
            shorter.steps_max -= cut;
            if (!breaks(seed, shorter)) break;
            plan = shorter;
        }
    }
    return plan;
}

void explain(std::uint64_t seed) {
    fmt::print("seed {}: {}\n", seed, run(seed).violation.value_or("no longer broken"));
    Plan small = shrink(seed);
    small.trace = true;
    fmt::print(
        "smallest: {} steps, crashes {}, losses {}, disk failures {}, clock jumps {}, "
        "damage {}, registrars {}: {}\n",
        small.steps_max, small.crashes, small.losses, small.disk_failures, small.clock_jumps,
        small.damage, small.registrars, run(seed, small).violation.value_or("?"));
}

/// Whether a seed alone decides all: the first ones, run twice.
bool repeats(std::uint64_t from, std::uint64_t count) {
    for (std::uint64_t seed = from; seed < from + count; ++seed) {
        if (run(seed).fingerprint != run(seed).fingerprint) {
            fmt::print("seed {} does not repeat itself\n", seed);
            return false;
        }
    }
    return true;
}

int simulate(std::uint64_t from, std::uint64_t seeds, unsigned jobs) {
    constexpr std::uint64_t repeated = 20;
    if (!repeats(from, std::min(seeds, repeated))) return 1;
    Tally tally;
    tally.next = from;
    tally.end = from + seeds;
    const SystemClock clock;
    const SteadyTime begin = clock.now().steady;
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < jobs; ++i) threads.emplace_back([&tally] { work(tally); });
    for (auto& thread : threads) thread.join();
    const std::chrono::duration<double> took = clock.now().steady - begin;
    if (tally.broken) {
        explain(*tally.broken);
        return 1;
    }
    fmt::print(
        "{} seeds passed, {:.0f} a second: {} messages acknowledged, {} delivered, {} "
        "restarts\n",
        tally.done.load(), static_cast<double>(tally.done) / took.count(), tally.accepted.load(),
        tally.delivered.load(), tally.restarts.load());
    return 0;
}

}  // namespace
}  // namespace restante::simulation

int main(int argc, char** argv) {
    CLI::App app("Simulated lives of a hub, each from a seed, judged by the promises it makes");
    std::uint64_t from = 1;
    std::uint64_t seeds = 1000;
    unsigned jobs = 1;
    app.add_option("--from", from, "the first seed")->capture_default_str();
    app.add_option("--seeds", seeds, "how many")->capture_default_str();
    app.add_option("--jobs", jobs, "threads")->check(CLI::Range(1, 64))->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    return restante::simulation::simulate(from, seeds, jobs);
}
