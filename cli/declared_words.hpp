#pragma once
// Every word that may stand behind `restante`, read from what the verbs declare.

#include <string>
#include <vector>

namespace restante::cli {

struct DeclaredOption {
    std::vector<std::string> names;  ///< "-o", "--output"
    std::string description;
    bool takes_value = false;
    bool takes_file = false;
    std::vector<std::string> choices;  ///< of its value; empty: not to be guessed
};

/// A verb and what may stand directly behind it.
struct DeclaredVerb {
    std::string path;  ///< "/device/create"; empty for `restante` itself
    std::string name;
    std::string description;
    std::vector<DeclaredOption> options;
    std::vector<DeclaredVerb> verbs;
    std::vector<std::string> choices;  ///< of its first argument
    bool takes_file = false;           ///< an argument is a file's name
};

DeclaredVerb declared_words();

}  // namespace restante::cli
