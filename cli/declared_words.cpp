#include "cli/declared_words.hpp"

#include "base/text.hpp"
#include "cli/parse.hpp"

namespace restante::cli {
namespace {

/// The values that CLI11 names behind an option, as in "TEXT:{sas,x509-ca}" or "{off->0,F1->1}".
std::vector<std::string> choices_of(const CLI::Option& option) {
    const std::string type = option.get_type_name();
    const auto begin = type.find('{');
    const auto end = type.find('}');
    std::vector<std::string> choices;
    if (begin == std::string::npos || end == std::string::npos) return choices;
    for (const auto choice :
         split(std::string_view(type).substr(begin + 1, end - begin - 1), ',')) {
        choices.emplace_back(choice.substr(0, choice.find("->")));
    }
    return choices;
}

bool takes_file(const CLI::Option& option) {
    const std::string type = option.get_type_name();
    return type == "FILE" || type == "DIR" || option.get_name() == "FILE";
}

DeclaredOption read(const CLI::Option& option) {
    DeclaredOption words{.names = {},
                         .description = option.get_description(),
                         .takes_value = option.get_expected_max() > 0,
                         .takes_file = takes_file(option),
                         .choices = choices_of(option)};
    for (const auto& name : option.get_snames()) words.names.push_back("-" + name);
    for (const auto& name : option.get_lnames()) words.names.push_back("--" + name);
    return words;
}

/// `inherited` are the options of the verb above: they may stand behind this one too.
DeclaredVerb read(const CLI::App& app, const std::string& path,
                  const std::vector<DeclaredOption>& inherited) {
    DeclaredVerb verb{.path = path,
                      .name = path.substr(path.rfind('/') + 1),
                      .description = app.get_description(),
                      .options = {},
                      .verbs = {},
                      .choices = {}};
    for (const auto* option : app.get_options()) {
        if (!option->get_positional()) {
            verb.options.push_back(read(*option));
        } else if (takes_file(*option)) {
            verb.takes_file = true;
        } else if (verb.choices.empty()) {
            verb.choices = choices_of(*option);
        }
    }
    const auto own = verb.options;
    for (const auto& option : inherited) {
        if (option.names.back() != "--help") verb.options.push_back(option);
    }
    for (const auto* below : app.get_subcommands([](const CLI::App*) { return true; })) {
        verb.verbs.push_back(read(*below, path + "/" + below->get_name(), own));
    }
    return verb;
}

}  // namespace

DeclaredVerb declared_words() {
    DeclaredVerb root{.path = {},
                      .name = "restante",
                      .description = {},
                      .options = {{.names = {"-h", "--help"}, .description = "Print help"},
                                  {.names = {"--version"}, .description = "Print the version"}},
                      .verbs = {},
                      .choices = {}};
    for (const auto& entry : verbs()) {
        CLI::App app;
        const auto declared = entry.declare(app);
        root.verbs.push_back(read(app, "/" + std::string(entry.name), {}));
        root.verbs.back().description = entry.summary;
    }
    return root;
}

}  // namespace restante::cli
