#include "cli/keyring_folder.hpp"

#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "server/config.hpp"

namespace restante::cli {

void KeyringFolder::declare(CLI::App& app) {
    data_dir = server::Config{}.data_dir.string();
    app.add_option("--data-dir", data_dir, "The hub's folder")
        ->type_name("DIR")
        ->envname("RESTANTE_DATA_DIR")
        ->capture_default_str();
}

std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) throw server::UsageError(fmt::format("cannot read {}", path.string()));
    return text.str();
}

std::string quoted(const std::string& word) {
    constexpr const char* plain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./";
    if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
    std::string text = "'";
    for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return text + "'";
}

}  // namespace restante::cli
