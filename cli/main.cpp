// The `restante` command: finds the verb and reports what went wrong.

#include <fmt/format.h>

#include <cstdio>
#include <vector>

#include "cli/failure.hpp"
#include "cli/parse.hpp"
#include "server/server.hpp"

namespace {

using namespace restante;

std::string help() {
    std::string text =
        "Restante: a hub that keeps messages for devices until they call for them.\n\n";
    for (const auto& verb : cli::verbs()) {
        text += fmt::format("  restante {:<18}  {}\n", verb.name, verb.summary);
    }
    return text + "\nEach of them tells more with --help.\n\n" + cli::exit_code_help();
}

void run(const std::vector<std::string>& words) {
    if (words.empty() || words[0] == "help" || words[0] == "--help" || words[0] == "-h") {
        throw server::HelpRequested(help());
    }
    const std::string name = words[0] == "--version" ? "version" : words[0];
    std::vector<std::string> names;
    for (const auto& entry : cli::verbs()) {
        names.emplace_back(entry.name);
        if (entry.name != name) continue;
        CLI::App app("", "restante " + name);
        app.fallthrough();  // options of a verb may stand behind its own verbs
        const auto verb = entry.declare(app);
        verb->parse(app, cli::Arguments(words).subspan(1));
        return verb->run();
    }
    throw server::UsageError(cli::unknown_verb(name, "restante", names) +
                             "; see `restante --help`");
}

}  // namespace

int main(int argc, char** argv) {
    try {
        try {
            run(std::vector<std::string>(argv + 1, argv + argc));
        } catch (const server::HelpRequested& text) {
            fmt::print("{}", text.what());
        }
        if (std::fflush(stdout) != 0) throw std::runtime_error("the output could not be written");
        return static_cast<int>(cli::ExitCode::done);
    } catch (const std::exception& error) {
        const auto failure = cli::failure_of(error);
        fmt::print(stderr, "restante: {}\n", failure.text);
        return static_cast<int>(failure.code);
    }
}
