// `storm connect | hold | echo`: many TLS clients on one thread, as cheap as they can be, because
// they share the machine with the server that is measured. Says what it counted as one line of
// JSON; exit code 0 only if nothing was wrong.

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <exception>

#include "common/measure.hpp"
#include "runs.hpp"

namespace restante::storm {
namespace {

bool run(const Options& options) {
    switch (options.verb) {
        case Verb::connect:
            return run_connect(options);
        case Verb::hold:
            return run_hold(options);
        case Verb::echo:
            return run_echo(options);
    }
    return false;
}

}  // namespace
}  // namespace restante::storm

int main(int argc, char** argv) {
    using namespace restante::storm;
    constexpr int exit_failed = 1;
    std::signal(SIGPIPE, SIG_IGN);
    try {
        const auto options = parse_options(argc, argv);
        if (!options) return options.error();
        restante::bench::raise_descriptor_limit();
        return run(*options) ? 0 : exit_failed;
    } catch (const std::exception& error) {
        fmt::print(stderr, "storm: {}\n", error.what());
        return exit_failed;
    }
}
