#pragma once
// What the `restante` command can do: one Verb for each word that may follow `restante`, one file
// each. A verb declares its words on an App, so that what reads them, what explains them and what
// completes them in a shell cannot differ; then it runs.

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace restante::cli {

using Arguments = std::span<const std::string>;

class Verb {
  public:
    virtual ~Verb() = default;
    /// Reads what stands behind the verb. Throws server::UsageError or server::HelpRequested.
    virtual void parse(CLI::App& app, Arguments arguments);
    /// Returns when it is done, throws when it could not be done.
    virtual void run() = 0;
};

struct VerbEntry {
    std::string_view name;
    std::string_view summary;
    /// Declares the verb's words; the app outlives what is returned.
    std::unique_ptr<Verb> (*declare)(CLI::App& app);
};

/// Every verb, in the order in which help shows them.
std::span<const VerbEntry> verbs();

std::unique_ptr<Verb> serve(CLI::App& app);
std::unique_ptr<Verb> connection_string(CLI::App& app);
std::unique_ptr<Verb> device(CLI::App& app);
std::unique_ptr<Verb> c2d(CLI::App& app);
std::unique_ptr<Verb> feedback(CLI::App& app);
std::unique_ptr<Verb> simulate(CLI::App& app);
std::unique_ptr<Verb> bench(CLI::App& app);
std::unique_ptr<Verb> sas_token(CLI::App& app);
std::unique_ptr<Verb> policy(CLI::App& app);
std::unique_ptr<Verb> authority(CLI::App& app);
std::unique_ptr<Verb> certificate(CLI::App& app);
std::unique_ptr<Verb> completion(CLI::App& app);
std::unique_ptr<Verb> version(CLI::App& app);

}  // namespace restante::cli
