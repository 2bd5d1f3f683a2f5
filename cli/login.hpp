#pragma once
// Which hub a verb speaks to, and with whose key: --login, else IOTHUB_CONNECTION_STRING, else the
// hub whose data folder is at hand.

#include "cli/parse.hpp"
#include "restante/service/iothub_registry_manager.hpp"

namespace restante::cli {

struct Login {
    std::string connection_string;
    std::string ca_file;
    std::string data_dir;

    /// Adds --login, --ca and --data-dir to a verb.
    void declare(CLI::App& app);

    /// What the three ways come to.
    struct Hub {
        std::string connection_string;
        ServiceOptions options;
        std::uint16_t mqtt_port = 0;  ///< 0: as the environment says
    };
    /// Throws server::UsageError naming the three ways when none of them leads to a hub.
    Hub find() const;

    IoTHubRegistryManager connect() const;
};

}  // namespace restante::cli
