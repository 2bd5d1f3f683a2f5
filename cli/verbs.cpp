#include <fmt/format.h>

#include "cli/parse.hpp"
#include "server/server.hpp"

namespace restante::cli {
namespace {

constexpr VerbEntry all_verbs[] = {
    {"serve", "Run a hub", serve},
    {"connection-string", "Print a connection string of a hub's folder", connection_string},
    {"device", "Device identities: create, list, query, import, export", device},
    {"c2d", "Messages to a device: send, receive, settle, purge", c2d},
    {"feedback", "What became of messages that asked for feedback", feedback},
    {"simulate", "Devices that print what they receive", simulate},
    {"bench", "Measure a hub: how many messages a second, how late", bench},
    {"sas-token", "Print a shared access signature", sas_token},
    {"policy", "Shared access policies and their keys, in a hub's folder", policy},
    {"authority", "Who proves devices by certificates, in a hub's folder", authority},
    {"certificate", "The CA that clients trust, in a hub's folder", certificate},
    {"completion", "Print what makes a shell complete these words", completion},
    {"version", "Print the version", version},
};

class Serve final : public Verb {
  public:
    explicit Serve(CLI::App& app) {
        app.description("Runs a hub until it is told to stop (SIGTERM, Ctrl-C).");
        server::declare_settings(app, config_, config_file_);
    }
    /// Its settings also come from the environment and a file.
    void parse(CLI::App&, Arguments arguments) override {
        config_ = server::parse_config(arguments);
    }
    void run() override { server::serve(config_); }

  private:
    server::Config config_;
    std::string config_file_;
};

class Version final : public Verb {
  public:
    explicit Version(CLI::App& app) { app.description("Prints the version."); }
    void run() override { fmt::print("restante {}\n", RESTANTE_VERSION); }
};

}  // namespace

std::span<const VerbEntry> verbs() {
    return all_verbs;
}

std::unique_ptr<Verb> serve(CLI::App& app) {
    return std::make_unique<Serve>(app);
}

std::unique_ptr<Verb> version(CLI::App& app) {
    return std::make_unique<Version>(app);
}

}  // namespace restante::cli
