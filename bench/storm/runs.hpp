#pragma once
// The verbs of the command line: what becomes of clients that are ready, and what is told of it.

#include "options.hpp"

namespace restante::storm {

/// Each prints its figures. True when nothing was wrong. All throw std::runtime_error.
bool run_connect(const Options& options);
bool run_hold(const Options& options);
bool run_echo(const Options& options);

}  // namespace restante::storm
