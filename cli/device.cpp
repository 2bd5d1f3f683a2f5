#include <fmt/format.h>

#include "cli/login.hpp"

namespace restante::cli {
namespace {

/// What the device itself needs: the hub's name comes from the login, the key from the hub.
std::string connection_string_of(const Device& device, const std::string& host) {
    return fmt::format("HostName={};DeviceId={};SharedAccessKey={}", host, device.device_id,
                       device.authentication.symmetric_key.primary_key);
}

void print_table(const std::vector<Device>& devices) {
    constexpr std::string_view row = "{:<32}  {:<8}  {:<12}  {:<18}  {:>7}\n";
    fmt::print(fmt::runtime(row), "DEVICE", "STATUS", "CONNECTION", "AUTHENTICATION", "WAITING");
    for (const auto& device : devices) {
        fmt::print(fmt::runtime(row), device.device_id, device.status, device.connection_state,
                   device.authentication.type, device.cloud_to_device_message_count);
    }
}

}  // namespace

void device(Arguments arguments) {
    Login login;
    std::string device_id;
    std::size_t top = 1000;
    CLI::App app("Device identities of a hub.", "restante device");
    app.require_subcommand(1);
    app.fallthrough();
    login.declare(app);
    auto* create = app.add_subcommand("create", "Register a device with fresh keys");
    create->add_option("ID", device_id, "Name of the device")->required();
    auto* list = app.add_subcommand("list", "List devices");
    list->add_option("--top", top, "List at most this many")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    auto* remove = app.add_subcommand("delete", "Remove a device and the messages it waits for");
    remove->add_option("ID", device_id, "Name of the device")->required();
    parse(app, arguments);

    auto manager = login.connect();
    if (*create) {
        const auto made = manager.create_device_with_sas(device_id, "", "", "enabled");
        fmt::print("{}\n", connection_string_of(made, manager.hostname()));
    } else if (*list) {
        print_table(manager.get_devices(top));
    } else if (*remove) {
        manager.delete_device(device_id);
    }
}

}  // namespace restante::cli
