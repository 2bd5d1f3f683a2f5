#pragma once
// How the command ends: one number for a script, one line for a person.

#include <exception>
#include <stdexcept>
#include <string>

namespace restante::cli {

enum class ExitCode : int {
    done = 0,
    failed = 1,       ///< it could not be done; the text says why and what to do
    usage = 2,        ///< the words behind `restante` are wrong
    not_found = 3,    ///< what they name is not there, or no message waits
    refused = 4,      ///< the hub does not accept the login, or it has no right to this
    unreachable = 5,  ///< no hub answered; the same words may do later
};

/// For --help: each number and what it means.
std::string exit_code_help();

/// What is asked for is not there.
class NotFound : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

struct Failure {
    ExitCode code;
    std::string text;
};

/// Any exception out of a verb, with the next step where there is one.
Failure failure_of(const std::exception& error);

}  // namespace restante::cli
