#include <fmt/format.h>

#include "cli/parse.hpp"
#include "server/config.hpp"
#include "server/server.hpp"

namespace restante::cli {
namespace {

class ConnectionStringVerb final : public Verb {
  public:
    explicit ConnectionStringVerb(CLI::App& app) {
        app.description("Prints a connection string from a hub's data folder.");
        app.add_option("--data-dir", data_dir_, "The hub's folder")
            ->type_name("DIR")
            ->envname("RESTANTE_DATA_DIR")
            ->capture_default_str();
        auto* by_policy = app.add_option("--policy", policy_, "For a back end: of this policy")
                              ->type_name("NAME")
                              ->capture_default_str();
        app.add_option("--device", device_id_, "For a device: of this identity")
            ->type_name("ID")
            ->excludes(by_policy);
    }

    void run() override {
        fmt::print("{}\n", device_id_.empty()
                               ? server::policy_connection_string(data_dir_, policy_)
                               : server::device_connection_string(data_dir_, device_id_));
    }

  private:
    std::string data_dir_ = server::Config{}.data_dir.string();
    std::string policy_ = "iothubowner";
    std::string device_id_;
};

}  // namespace

std::unique_ptr<Verb> connection_string(CLI::App& app) {
    return std::make_unique<ConnectionStringVerb>(app);
}

}  // namespace restante::cli
