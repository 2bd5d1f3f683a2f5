#include "cli/parse.hpp"

#include "server/config.hpp"

namespace restante::cli {

void parse(CLI::App& app, Arguments arguments) {
    try {
        // CLI11 takes the arguments in reverse.
        app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    } catch (const CLI::CallForHelp&) {
        const auto* chosen = &app;
        if (const auto verbs = app.get_subcommands(); !verbs.empty()) chosen = verbs.front();
        throw server::HelpRequested(chosen->help());
    } catch (const CLI::ParseError& error) {
        throw server::UsageError(std::string(error.what()) + "; see `" + app.get_name() +
                                 " --help`");
    }
}

}  // namespace restante::cli
