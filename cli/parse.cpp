#include "cli/parse.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.hpp"
#include "server/config.hpp"

namespace restante::cli {
namespace {

std::vector<std::string> verbs_of(const CLI::App& app) {
    std::vector<std::string> names;
    for (const auto* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
        names.push_back(verb->get_name());
    }
    return names;
}

/// Of the app and of the verb that was chosen: both stand behind the verb.
std::vector<std::string> options_of(const CLI::App& app) {
    std::vector<std::string> names;
    const auto add = [&](const CLI::App& each) {
        for (const auto* option : each.get_options()) {
            for (const auto& name : option->get_lnames()) names.push_back("--" + name);
        }
    };
    add(app);
    for (const auto* verb : app.get_subcommands()) add(*verb);
    return names;
}

/// The words as the user would type them: "restante device list".
std::string spoken(const CLI::App& app) {
    const auto chosen = app.get_subcommands();
    return chosen.empty() ? app.get_name() : app.get_name() + " " + chosen.front()->get_name();
}

/// Help for a verb of a group names the group's options too: they may stand behind it.
std::string help_of(const CLI::App& app) {
    std::string text = app.help();
    if (app.get_subcommands().empty()) return text;
    std::vector<std::string> names;
    for (const auto* option : app.get_options()) {
        for (const auto& name : option->get_lnames()) {
            if (name != "help") names.push_back("--" + name);
        }
    }
    if (names.empty()) return text;
    return text + fmt::format("And {}: see `{} --help`.\n", fmt::join(names, ", "), app.get_name());
}

/// What CLI11 says of a fault, in this command's words where those are of more use.
std::string explain(const CLI::App& app, const CLI::ParseError& error) {
    auto words = app.remaining(true);
    const auto is_option = [](const std::string& word) { return word.starts_with('-'); };
    if (const auto known = verbs_of(app); !known.empty() && app.get_subcommands().empty()) {
        const auto word = std::find_if_not(words.begin(), words.end(), is_option);
        if (word != words.end()) return unknown_verb(*word, app.get_name(), known);
        return fmt::format("{} needs one of its verbs: {}", app.get_name(), fmt::join(known, ", "));
    }
    if (const auto word = std::find_if(words.begin(), words.end(), is_option);
        word != words.end()) {
        const auto near = nearest(word->substr(0, word->find('=')), options_of(app));
        return fmt::format("{} is no option of {}{}", *word, spoken(app),
                           near ? "; did you mean " + *near + "?" : "");
    }
    return error.what();
}

}  // namespace

std::string unknown_verb(const std::string& word, const std::string& whose,
                         const std::vector<std::string>& known) {
    const auto near = nearest(word, known);
    return fmt::format("'{}' is no verb of {}; {}there are {}", word, whose,
                       near ? "did you mean " + *near + "? " : "", fmt::join(known, ", "));
}

void parse(CLI::App& app, Arguments arguments) {
    try {
        // CLI11 takes the arguments in reverse.
        app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    } catch (const CLI::CallForHelp&) {
        throw server::HelpRequested(help_of(app));
    } catch (const CLI::ParseError& error) {
        throw server::UsageError(explain(app, error) + "; see `" + spoken(app) + " --help`");
    }
}

void Verb::parse(CLI::App& app, Arguments arguments) {
    cli::parse(app, arguments);
}

}  // namespace restante::cli
