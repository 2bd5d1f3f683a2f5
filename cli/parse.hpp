#pragma once
// Reads a verb's words with CLI11 and turns every fault into one kind of error, which says what
// would have been right.

#include <CLI/CLI.hpp>

#include "cli/command.hpp"

namespace restante::cli {

/// Throws server::UsageError or server::HelpRequested.
void parse(CLI::App& app, Arguments arguments);

/// "'frobnicate' is no verb of restante device; did you mean ...?", and which verbs there are.
std::string unknown_verb(const std::string& word, const std::string& whose,
                         const std::vector<std::string>& known);

}  // namespace restante::cli
