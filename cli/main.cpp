// The `restante` command: finds the verb and reports what went wrong.

#include <fmt/format.h>

#include <cstdio>
#include <vector>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "server/server.hpp"

namespace {

using namespace restante;

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

constexpr std::string_view help =
    "Restante: a hub that keeps messages for devices until they call for them.\n"
    "\n"
    "  restante serve               run a hub\n"
    "  restante connection-string   print a connection string of a hub's folder\n"
    "  restante device create ID    register a device and print its connection string\n"
    "  restante device list         list the devices; show, update and delete are for one\n"
    "  restante device import FILE  write identities into the hub; export writes them out\n"
    "  restante device query QUERY  print what SELECT ... FROM devices selects\n"
    "  restante policy VERB         list, show, create, delete, regenerate-key\n"
    "  restante authority VERB      list, show, add, verify, remove: who proves devices\n"
    "  restante certificate VERB    show, replace: the CA that clients trust\n"
    "  restante version             print the version\n"
    "\n"
    "Each of them tells more with --help.\n";

struct Verb {
    std::string_view name;
    void (*run)(cli::Arguments);
};

constexpr Verb verbs[] = {
    {"serve", [](cli::Arguments arguments) { server::serve(server::parse_config(arguments)); }},
    {"connection-string", cli::connection_string},
    {"device", cli::device},
    {"policy", cli::policy},
    {"authority", cli::authority},
    {"certificate", cli::certificate},
    {"version", [](cli::Arguments) { fmt::print("restante {}\n", RESTANTE_VERSION); }},
};

void run(const std::vector<std::string>& words) {
    if (words.empty() || words[0] == "help" || words[0] == "--help" || words[0] == "-h") {
        throw server::HelpRequested(std::string(help));
    }
    const std::string name = words[0] == "--version" ? "version" : words[0];
    std::vector<std::string> names;
    for (const auto& verb : verbs) {
        if (verb.name == name) return verb.run(cli::Arguments(words).subspan(1));
        names.emplace_back(verb.name);
    }
    const auto suggestion = nearest(name, names);
    throw server::UsageError(fmt::format(
        "'{}' is not a verb of restante{}", name,
        suggestion ? "; did you mean " + *suggestion + "?" : "; see `restante --help`"));
}

}  // namespace

int main(int argc, char** argv) {
    try {
        run(std::vector<std::string>(argv + 1, argv + argc));
        return 0;
    } catch (const server::HelpRequested& text) {
        fmt::print("{}", text.what());
        return 0;
    } catch (const server::UsageError& error) {
        fmt::print(stderr, "restante: {}\n", error.what());
        return exit_usage;
    } catch (const std::exception& error) {
        fmt::print(stderr, "restante: {}\n", error.what());
        return exit_failed;
    }
}
