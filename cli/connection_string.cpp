#include <fmt/format.h>

#include "cli/parse.hpp"
#include "server/config.hpp"
#include "server/server.hpp"

namespace restante::cli {

void connection_string(Arguments arguments) {
    std::string data_dir = server::Config{}.data_dir.string();
    std::string policy = "iothubowner";
    std::string device_id;
    CLI::App app("Prints a connection string from a hub's data folder.",
                 "restante connection-string");
    app.add_option("--data-dir", data_dir, "The hub's folder")
        ->type_name("DIR")
        ->envname("RESTANTE_DATA_DIR")
        ->capture_default_str();
    auto* by_policy = app.add_option("--policy", policy, "For a back end: of this policy")
                          ->type_name("NAME")
                          ->capture_default_str();
    app.add_option("--device", device_id, "For a device: of this identity")
        ->type_name("ID")
        ->excludes(by_policy);
    parse(app, arguments);
    fmt::print("{}\n", device_id.empty() ? server::policy_connection_string(data_dir, policy)
                                         : server::device_connection_string(data_dir, device_id));
}

}  // namespace restante::cli
