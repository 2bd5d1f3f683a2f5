#pragma once
// Reads a verb's words with CLI11 and turns every fault into one kind of error.

#include <CLI/CLI.hpp>

#include "cli/command.hpp"

namespace restante::cli {

/// Throws server::UsageError or server::HelpRequested.
void parse(CLI::App& app, Arguments arguments);

}  // namespace restante::cli
