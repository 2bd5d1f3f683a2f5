// `load subscribe | send | live | drain`: the same work for any broker, to set them side by side.
// Says what it counted as one line of JSON; exit code 0 only if nothing was wrong.

#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>
#include <csignal>

#include "call_task.hpp"
#include "live_task.hpp"
#include "send_task.hpp"

namespace restante::load {
namespace {

std::unique_ptr<fleet::Task> make_task(Broker& broker, const Options& options, Report& report) {
    switch (options.verb) {
        case Verb::subscribe:
            return std::make_unique<CallTask>(broker, options, 0, report);
        case Verb::send:
            return std::make_unique<SendTask>(broker, options, report);
        case Verb::live:
            return std::make_unique<LiveTask>(broker, options, report);
        case Verb::drain:
            return std::make_unique<CallTask>(broker, options, options.each, report);
    }
    return nullptr;
}

Report run(const Options& options) {
    Report report;
    Broker broker(options);
    const auto task = make_task(broker, options, report);
    auto done = task->done();
    broker.loop().post([&task] { task->start(); });
    const bool in_time = done.wait_for(options.deadline) == std::future_status::ready;
    broker.stop();  // from here on nothing but this thread touches the report
    if (!in_time) report.error(fmt::format("not done after {} s", options.deadline.count()));
    return report;
}

void print(const Options& options, const Report& report) {
    boost::json::object line;
    line["verb"] = name(options.verb);
    for (const auto& [what, figure] : report.figures) line[what] = figure;
    line["client_cpu_seconds"] = bench::cpu_seconds();
    line["errors"] = report.errors;
    line["told_errors"] = boost::json::value_from(report.told_errors);
    fmt::print("{}\n", boost::json::serialize(line));
}

}  // namespace
}  // namespace restante::load

int main(int argc, char** argv) {
    using namespace restante::load;
    constexpr int exit_usage = 2;
    std::signal(SIGPIPE, SIG_IGN);
    try {
        const auto options = parse_options(argc, argv);
        if (!options) return options.error();
        restante::bench::raise_descriptor_limit();
        const Report report = run(*options);
        print(*options, report);
        return report.errors == 0 ? 0 : 1;
    } catch (const std::exception& error) {
        fmt::print(stderr, "load: {}\n", error.what());
        return exit_usage;
    }
}
