#pragma once
// The data folder whose keys a verb shows or changes, whether or not its hub runs: who may write
// there is its owner, so no other login is asked for.

#include <filesystem>
#include <string>

#include "cli/parse.hpp"
#include "server/data_directory.hpp"

namespace restante::cli {

struct KeyringFolder {
    std::string data_dir;

    /// Adds --data-dir to a verb.
    void declare(CLI::App& app);
    /// Throws server::UsageError when it holds no hub.
    server::DataDirectory open() const { return server::DataDirectory::open(data_dir); }
};

/// What a file of the folder holds; throws std::runtime_error with the reason when it is damaged.
template <class T>
T value_of(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    return std::move(*result);
}
inline void check(const Result<void>& result) {
    if (!result) throw std::runtime_error(result.error().message);
}

/// Throws server::UsageError when it cannot be read.
std::string read_file(const std::filesystem::path& path);

/// A word as a shell takes it: quoted where it must be.
std::string quoted(const std::string& word);

}  // namespace restante::cli
