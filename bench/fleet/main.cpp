// `fleet create | send | drain`: a sender and a fleet of devices, to see what a hub does under
// load. Says what it counted as one line of JSON; exit code 0 only if nothing was wrong.

#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>
#include <csignal>

#include "common/measure.hpp"
#include "create_task.hpp"
#include "drain_task.hpp"
#include "send_task.hpp"

namespace restante::fleet {
namespace {

std::unique_ptr<Task> make_task(HubClient& hub, const Options& options, Tally& tally) {
    switch (options.verb) {
        case Verb::create:
            return std::make_unique<CreateTask>(hub, options, tally);
        case Verb::send:
            return std::make_unique<SendTask>(hub, options, tally);
        case Verb::drain:
            return std::make_unique<DrainTask>(hub, options, tally);
    }
    return nullptr;
}

Tally run(const Options& options) {
    Tally tally;
    HubClient hub(options);
    const auto task = make_task(hub, options, tally);
    const SteadyTime began = hub.now().steady;
    auto done = task->done();
    hub.loop().post([&task] { task->start(); });
    const bool in_time = done.wait_for(options.deadline) == std::future_status::ready;
    const std::chrono::duration<double> took = hub.now().steady - began;
    hub.stop();  // from here on nothing but this thread touches the tally
    tally.seconds["all"] = took.count();
    if (!in_time) tally.error(fmt::format("not done after {} s", options.deadline.count()));
    return tally;
}

void print(const Options& options, const Tally& tally) {
    boost::json::object line;
    line["verb"] = name(options.verb);
    for (const auto& [what, count] : tally.counts) line[what] = count;
    for (const auto& [what, seconds] : tally.seconds) line[what + "_seconds"] = seconds;
    line["errors"] = tally.errors;
    line["told_errors"] = boost::json::value_from(tally.told_errors);
    fmt::print("{}\n", boost::json::serialize(line));
}

}  // namespace
}  // namespace restante::fleet

int main(int argc, char** argv) {
    using namespace restante::fleet;
    constexpr int exit_usage = 2;
    std::signal(SIGPIPE, SIG_IGN);
    try {
        const auto options = parse_options(argc, argv);
        if (!options) return options.error();
        restante::bench::raise_descriptor_limit();
        const Tally tally = run(*options);
        print(*options, tally);
        return tally.errors == 0 ? 0 : 1;
    } catch (const std::exception& error) {
        fmt::print(stderr, "fleet: {}\n", error.what());
        return exit_usage;
    }
}
