#include "cli/login.hpp"

#include <fmt/format.h>

#include "cli/keyring_folder.hpp"
#include "server/config.hpp"
#include "server/data_directory.hpp"
#include "server/server.hpp"

namespace restante::cli {

void Login::declare(CLI::App& app) {
    data_dir = server::Config{}.data_dir.string();
    app.add_option("--login", connection_string, "Connection string of the hub's service policy")
        ->type_name("CS")
        ->envname("IOTHUB_CONNECTION_STRING");
    app.add_option("--ca", ca_file, "CA certificate to trust, when the hub has a private one")
        ->type_name("FILE")
        ->envname("RESTANTE_CA_FILE");
    app.add_option("--data-dir", data_dir, "Folder of a local hub, used when there is no --login")
        ->type_name("DIR")
        ->envname("RESTANTE_DATA_DIR")
        ->capture_default_str();
}

Login::Hub Login::find() const {
    Hub hub;
    if (!ca_file.empty()) hub.options.ca = read_file(ca_file);
    hub.connection_string = connection_string;
    if (!connection_string.empty()) return hub;
    if (!std::filesystem::exists(data_dir)) {
        throw server::UsageError(fmt::format(
            "no hub to speak to: give --login CONNECTION_STRING, set IOTHUB_CONNECTION_STRING, "
            "or name a local hub's folder with --data-dir (there is no {})",
            data_dir));
    }
    const auto directory = server::DataDirectory::open(data_dir);
    hub.connection_string = server::policy_connection_string(data_dir, "iothubowner");
    const auto ports = directory.ports();
    if (hub.options.ca.empty()) {
        hub.options.ca =
            read_file(ports.certificate.empty() ? directory.ca_path().string() : ports.certificate);
    }
    hub.options.amqp_port = ports.amqp;
    hub.options.https_port = ports.https;
    hub.mqtt_port = ports.mqtt;
    return hub;
}

IoTHubRegistryManager Login::connect() const {
    auto hub = find();
    return IoTHubRegistryManager::from_connection_string(hub.connection_string,
                                                         std::move(hub.options));
}

}  // namespace restante::cli
