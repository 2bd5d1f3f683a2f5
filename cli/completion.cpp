#include <fmt/format.h>
#include <fmt/ranges.h>

#include <functional>

#include "cli/declared_words.hpp"
#include "cli/parse.hpp"

namespace restante::cli {
namespace {

using Visit = std::function<void(const DeclaredVerb&)>;

void for_each(const DeclaredVerb& verb, const Visit& visit) {
    visit(verb);
    for (const auto& below : verb.verbs) for_each(below, visit);
}

/// In single quotes, for bash and zsh.
std::string quote(std::string_view text) {
    std::string quoted = "'";
    for (const char c : text) {
        if (c == '\'') {
            quoted += "'\\''";
        } else {
            quoted += c;
        }
    }
    return quoted + "'";
}

/// Fish has its own way to write a quote inside quotes.
std::string quote_for_fish(std::string_view text) {
    std::string quoted = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') quoted += '\\';
        quoted += c;
    }
    return quoted + "'";
}

std::string paths(const DeclaredVerb& root, std::string_view separator) {
    std::vector<std::string> all;
    for_each(root, [&](const auto& verb) {
        if (!verb.path.empty()) all.push_back(verb.path);
    });
    return fmt::format("{}", fmt::join(all, separator));
}

/// "/device/create --auth"|"/device/create -a"
std::string behind(const DeclaredVerb& verb, const DeclaredOption& option) {
    std::vector<std::string> patterns;
    for (const auto& name : option.names) {
        patterns.push_back(fmt::format("\"{} {}\"", verb.path, name));
    }
    return fmt::format("{}", fmt::join(patterns, "|"));
}

std::vector<std::string> words_behind(const DeclaredVerb& verb) {
    std::vector<std::string> words = verb.choices;
    for (const auto& below : verb.verbs) words.push_back(below.name);
    return words;
}

std::vector<std::string> option_names(const DeclaredVerb& verb) {
    std::vector<std::string> names;
    for (const auto& option : verb.options) {
        names.insert(names.end(), option.names.begin(), option.names.end());
    }
    return names;
}

void print_bash(const DeclaredVerb& root) {
    fmt::print(R"(# bash completion for restante: source <(restante completion bash)
_restante() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}}
    local at= each words= options= files=
    for each in "${{COMP_WORDS[@]:1:COMP_CWORD - 1}}"; do
        case $at/$each in
            {}) at=$at/$each ;;
        esac
    done
    case $at in
)",
               paths(root, "|"));
    for_each(root, [](const auto& verb) {
        fmt::print("        {}) words={} options={} files={} ;;\n", quote(verb.path),
                   quote(fmt::format("{}", fmt::join(words_behind(verb), " "))),
                   quote(fmt::format("{}", fmt::join(option_names(verb), " "))),
                   verb.takes_file ? "yes" : "");
    });
    fmt::print("    esac\n    if [[ $word == -* ]]; then words=$options files=; fi\n");
    fmt::print("    case \"$at $previous\" in\n");
    for_each(root, [](const auto& verb) {
        for (const auto& option : verb.options) {
            if (!option.takes_value) continue;
            fmt::print("        {}) words={} files={} ;;\n", behind(verb, option),
                       quote(fmt::format("{}", fmt::join(option.choices, " "))),
                       option.takes_file ? "yes" : "");
        }
    });
    fmt::print(R"(    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
    if [[ $files ]]; then
        compopt -o filenames
        mapfile -t -O ${{#COMPREPLY[@]}} COMPREPLY < <(compgen -f -- "$word")
    fi
}}
complete -F _restante restante
)");
}

/// A word and what it means, as _describe takes them.
std::string described(std::string_view word, std::string_view description) {
    std::string escaped;
    for (const char c : word) {
        if (c == ':') escaped += '\\';
        escaped += c;
    }
    return quote(fmt::format("{}:{}", escaped, description));
}

void print_zsh(const DeclaredVerb& root) {
    fmt::print(R"(#compdef restante
# zsh completion for restante: source <(restante completion zsh), or as _restante in $fpath
_restante() {{
    local at= i previous=${{words[CURRENT-1]}} files=
    local -a found options
    for ((i = 2; i < CURRENT; i++)); do
        case $at/${{words[i]}} in
            ({}) at=$at/${{words[i]}} ;;
        esac
    done
    case "$at $previous" in
)",
               paths(root, "|"));
    for_each(root, [](const auto& verb) {
        for (const auto& option : verb.options) {
            if (!option.takes_value) continue;
            fmt::print("        ({}) {} return ;;\n", behind(verb, option),
                       option.takes_file ? std::string("_files;")
                       : option.choices.empty()
                           ? std::string()
                           : fmt::format("compadd -- {};", fmt::join(option.choices, " ")));
        }
    });
    fmt::print("    esac\n    case $at in\n");
    for_each(root, [](const auto& verb) {
        fmt::print("        ({}) found=(", quote(verb.path));
        for (const auto& choice : verb.choices) fmt::print(" {}", quote(choice));
        for (const auto& below : verb.verbs) {
            fmt::print(" {}", described(below.name, below.description));
        }
        fmt::print(")\n            options=(");
        for (const auto& option : verb.options) {
            for (const auto& name : option.names) {
                fmt::print(" {}", described(name, option.description));
            }
        }
        fmt::print(") files={} ;;\n", verb.takes_file ? "yes" : "");
    });
    fmt::print(R"(    esac
    if [[ ${{words[CURRENT]}} == -* ]]; then
        _describe -o option options
        return
    fi
    (( $#found )) && _describe word found
    [[ -n $files ]] && _files
}}
if [[ ${{funcstack[1]}} == _restante ]]; then _restante "$@"; else compdef _restante restante; fi
)");
}

void print_fish(const DeclaredVerb& root) {
    fmt::print(R"(# fish completion for restante: restante completion fish | source
function __restante_at
    set -l at ''
    for each in (commandline -opc)[2..-1]
        switch "$at/$each"
            case {}
                set at "$at/$each"
        end
    end
    test "$at" = "$argv[1]"
end
complete -c restante -f
)",
               paths(root, " "));
    for_each(root, [](const auto& verb) {
        const std::string here =
            fmt::format("complete -c restante -n '__restante_at \"{}\"'", verb.path);
        if (verb.takes_file) fmt::print("{} -F\n", here);
        for (const auto& choice : verb.choices) fmt::print("{} -a {}\n", here, choice);
        for (const auto& below : verb.verbs) {
            fmt::print("{} -a {} -d {}\n", here, below.name, quote_for_fish(below.description));
        }
        for (const auto& option : verb.options) {
            std::string line = here;
            for (const auto& name : option.names) {
                line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
            }
            if (option.takes_file) {
                line += " -r -F";
            } else if (option.takes_value) {
                line += fmt::format(" -x -a '{}'", fmt::join(option.choices, " "));
            }
            fmt::print("{} -d {}\n", line, quote_for_fish(option.description));
        }
    });
}

class Completion final : public Verb {
  public:
    explicit Completion(CLI::App& app) {
        app.description("Prints what makes a shell complete the words of restante.");
        app.footer(
            "bash: restante completion bash >~/.local/share/bash-completion/completions/restante\n"
            "zsh:  restante completion zsh >DIR/_restante, where DIR is in $fpath\n"
            "fish: restante completion fish >~/.config/fish/completions/restante.fish");
        app.add_option("SHELL", shell_, "bash, zsh or fish")
            ->required()
            ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    }

    void run() override {
        const auto words = declared_words();
        if (shell_ == "bash") print_bash(words);
        if (shell_ == "zsh") print_zsh(words);
        if (shell_ == "fish") print_fish(words);
    }

  private:
    std::string shell_;
};

}  // namespace

std::unique_ptr<Verb> completion(CLI::App& app) {
    return std::make_unique<Completion>(app);
}

}  // namespace restante::cli
