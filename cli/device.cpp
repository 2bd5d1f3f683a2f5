#include <fmt/format.h>

#include <optional>

#include "base/encoding.hpp"
#include "base/random.hpp"
#include "cli/identity_file.hpp"
#include "cli/login.hpp"
#include "server/server.hpp"

namespace restante::cli {
namespace {

constexpr std::size_t key_bytes = 32;

/// What a person says about an identity. What was not said stays as it is, or as it is by default.
struct Wish {
    std::string device_id;
    std::string auth;
    std::string primary_key;
    std::string secondary_key;
    std::string primary_thumbprint;
    std::string secondary_thumbprint;
    std::optional<std::string> status;
    std::optional<std::string> status_reason;
    std::optional<std::string> device_scope;
    std::optional<std::string> parent_scope;
    bool edge = false;
    std::string regenerate;
    std::string etag;
};

struct AuthWord {
    const char* word;
    const char* type;
};
constexpr AuthWord auth_words[] = {
    {"sas", "sas"}, {"x509-thumbprint", "selfSigned"}, {"x509-ca", "certificateAuthority"}};

std::string type_of(const std::string& auth) {
    for (const auto& known : auth_words) {
        if (auth == known.word) return known.type;
    }
    return {};
}

void declare_wish(CLI::App& verb, Wish& wish) {
    verb.add_option("ID", wish.device_id, "Name of the device")->required();
    verb.add_option("--auth", wish.auth, "How the device proves who it is")
        ->check(CLI::IsMember({"sas", "x509-thumbprint", "x509-ca"}));
    verb.add_option("--primary-key", wish.primary_key, "Base64 text; the hub makes it otherwise");
    verb.add_option("--secondary-key", wish.secondary_key, "Likewise; both or none");
    verb.add_option("--primary-thumbprint", wish.primary_thumbprint,
                    "SHA-1 or SHA-256 of the device's own certificate, in hex");
    verb.add_option("--secondary-thumbprint", wish.secondary_thumbprint, "Of another one");
    verb.add_option("--status", wish.status, "Whether it may connect")
        ->check(CLI::IsMember({"enabled", "disabled"}));
    verb.add_option("--status-reason", wish.status_reason, "Why, up to 128 characters");
    verb.add_option("--scope", wish.device_scope, "Scope of the edge device it belongs to")
        ->type_name("SCOPE");
    verb.add_option("--parent-scope", wish.parent_scope, "The same, of an edge device itself")
        ->type_name("SCOPE");
}

/// The credentials a wish names, on those that are there.
void apply_credentials(const Wish& wish, Device& device) {
    auto& [type, key, thumbprint] = device.authentication;
    const bool keys = !wish.primary_key.empty() || !wish.secondary_key.empty();
    const bool thumbprints = !wish.primary_thumbprint.empty() || !wish.secondary_thumbprint.empty();
    if (const std::string wanted = type_of(wish.auth); !wanted.empty() && wanted != type) {
        device.authentication = {.type = wanted, .symmetric_key = {}, .x509_thumbprint = {}};
    }
    if (keys && type != "sas") {
        throw server::UsageError("keys go with --auth sas; see `restante device --help`");
    }
    if (thumbprints && type != "selfSigned") {
        throw server::UsageError(
            "thumbprints go with --auth x509-thumbprint; see `restante device --help`");
    }
    if (!wish.primary_key.empty()) key.primary_key = wish.primary_key;
    if (!wish.secondary_key.empty()) key.secondary_key = wish.secondary_key;
    if (!wish.primary_thumbprint.empty()) thumbprint.primary_thumbprint = wish.primary_thumbprint;
    if (!wish.secondary_thumbprint.empty()) {
        thumbprint.secondary_thumbprint = wish.secondary_thumbprint;
    }
    if (wish.regenerate.empty()) return;
    if (type != "sas") {
        throw server::UsageError(
            "--regenerate is for devices with --auth sas: this one has no key");
    }
    const auto fresh = [] { return to_base64(random_bytes(key_bytes)); };
    if (wish.regenerate != "secondary") key.primary_key = fresh();
    if (wish.regenerate != "primary") key.secondary_key = fresh();
}

void apply(const Wish& wish, Device& device) {
    apply_credentials(wish, device);
    if (wish.status) device.status = *wish.status;
    if (wish.status_reason) device.status_reason = *wish.status_reason;
    if (wish.device_scope) device.device_scope = *wish.device_scope;
    if (wish.parent_scope) device.parent_scopes = {*wish.parent_scope};
    if (wish.parent_scope && wish.parent_scope->empty()) device.parent_scopes.clear();
    if (wish.edge && !device.capabilities.iot_edge) {
        device.capabilities.iot_edge = true;
        if (!wish.device_scope) device.device_scope.clear();
    }
}

Device create(IoTHubRegistryManager& manager, const Device& d) {
    const auto& [type, key, thumbprint] = d.authentication;
    const bool edge = d.capabilities.iot_edge;
    if (type == "selfSigned") {
        return manager.create_device_with_x509(d.device_id, thumbprint.primary_thumbprint,
                                               thumbprint.secondary_thumbprint, d.status, edge,
                                               d.status_reason, d.device_scope, d.parent_scopes);
    }
    if (type == "certificateAuthority") {
        return manager.create_device_with_certificate_authority(
            d.device_id, d.status, edge, d.status_reason, d.device_scope, d.parent_scopes);
    }
    return manager.create_device_with_sas(d.device_id, key.primary_key, key.secondary_key, d.status,
                                          edge, d.status_reason, d.device_scope, d.parent_scopes);
}

Device update(IoTHubRegistryManager& manager, const Device& d, const std::string& etag) {
    const auto& [type, key, thumbprint] = d.authentication;
    const bool edge = d.capabilities.iot_edge;
    if (type == "selfSigned") {
        return manager.update_device_with_x509(d.device_id, etag, thumbprint.primary_thumbprint,
                                               thumbprint.secondary_thumbprint, d.status, edge,
                                               d.status_reason, d.device_scope, d.parent_scopes);
    }
    if (type == "certificateAuthority") {
        return manager.update_device_with_certificate_authority(
            d.device_id, etag, d.status, edge, d.status_reason, d.device_scope, d.parent_scopes);
    }
    return manager.update_device_with_sas(d.device_id, etag, key.primary_key, key.secondary_key,
                                          d.status, edge, d.status_reason, d.device_scope,
                                          d.parent_scopes);
}

/// What the device itself needs: the hub's name comes from the login, the key from the hub.
void print_connection_string(const Device& device, const std::string& host) {
    const auto& [type, key, thumbprint] = device.authentication;
    fmt::print("HostName={};DeviceId={};{}\n", host, device.device_id,
               type == "sas" ? "SharedAccessKey=" + key.primary_key : "x509=true");
}

void print_table(const std::vector<Device>& devices) {
    constexpr std::string_view row = "{:<32}  {:<8}  {:<12}  {:<18}  {:>7}\n";
    fmt::print(fmt::runtime(row), "DEVICE", "STATUS", "CONNECTION", "AUTHENTICATION", "WAITING");
    for (const auto& device : devices) {
        fmt::print(fmt::runtime(row), device.device_id, device.status, device.connection_state,
                   device.authentication.type, device.cloud_to_device_message_count);
    }
}

/// All pages, or the first `top` rows.
void print_rows(IoTHubRegistryManager& manager, const std::string& query, std::size_t top) {
    std::string place;
    std::size_t printed = 0;
    do {
        const auto page = manager.query_iot_hub({query}, place);
        place = page.continuation_token;
        for (const auto& row : page.items) {
            if (top > 0 && printed == top) return;
            fmt::print("{}\n", row);
            ++printed;
        }
    } while (!place.empty());
}

/// Every verb, its words, and what they said.
struct Verbs {
    explicit Verbs(CLI::App& app);
    void run(IoTHubRegistryManager manager);

    Wish wish;
    std::size_t list_top = 1000;
    std::string query_text;
    std::size_t query_top = 0;
    ImportOptions import_options;
    ExportOptions export_options;
    bool without_keys = false;
    CLI::App* create_verb;
    CLI::App* show_verb;
    CLI::App* list_verb;
    CLI::App* update_verb;
    CLI::App* delete_verb;
    CLI::App* query_verb;
    CLI::App* import_verb;
    CLI::App* export_verb;
};

Verbs::Verbs(CLI::App& app)
    : create_verb(app.add_subcommand("create", "Register a device; prints its connection string")),
      show_verb(app.add_subcommand("show", "Print an identity as JSON, its keys included")),
      list_verb(app.add_subcommand("list", "List devices")),
      update_verb(app.add_subcommand("update", "Change what is named and leave the rest")),
      delete_verb(app.add_subcommand("delete", "Remove a device and the messages it waits for")),
      query_verb(app.add_subcommand("query", "Print what a query selects, one JSON object a line")),
      import_verb(app.add_subcommand("import", "Write the identities of a file into the hub")),
      export_verb(app.add_subcommand("export", "Write all identities of the hub into a file")) {
    declare_wish(*create_verb, wish);
    create_verb->add_flag("--edge", wish.edge, "It is an IoT Edge device");
    declare_wish(*update_verb, wish);
    update_verb->add_flag("--edge", wish.edge, "Make it an IoT Edge device");
    update_verb->add_option("--regenerate", wish.regenerate, "Make keys anew")
        ->check(CLI::IsMember({"primary", "secondary", "both"}));
    for (auto* verb : {update_verb, delete_verb}) {
        verb->add_option("--etag", wish.etag, "Only if the identity still has this tag");
    }
    for (auto* verb : {show_verb, delete_verb}) {
        verb->add_option("ID", wish.device_id, "Name of the device")->required();
    }
    list_verb->add_option("--top", list_top, "List at most this many")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    query_verb->add_option("QUERY", query_text, "Such as SELECT * FROM devices")->required();
    query_verb->add_option("--top", query_top, "Print at most this many")
        ->check(CLI::PositiveNumber);
    import_verb->add_option("FILE", import_options.file, "One JSON object a line; - for the input")
        ->required();
    import_verb->add_option("--errors", import_options.errors, "Write there what was not done")
        ->type_name("FILE");
    import_verb
        ->add_option("--mode", import_options.mode, "In place of the importMode of the lines")
        ->check(CLI::IsMember({"create", "createOrUpdate", "update", "updateIfMatchETag", "delete",
                               "deleteIfMatchETag"}));
    export_verb->add_option("FILE", export_options.file, "Where to; - for the output")->required();
    export_verb->add_flag("--exclude-keys", without_keys, "Leave the keys out");
}

void Verbs::run(IoTHubRegistryManager manager) {
    if (*create_verb) {
        Device device;
        device.device_id = wish.device_id;
        device.status = "enabled";
        device.authentication.type = "sas";
        apply(wish, device);
        print_connection_string(create(manager, device), manager.hostname());
    } else if (*show_verb) {
        fmt::print("{}\n", manager.get_device(wish.device_id).serialize());
    } else if (*list_verb) {
        print_table(manager.get_devices(list_top));
    } else if (*update_verb) {
        Device device = manager.get_device(wish.device_id);
        const std::string etag = wish.etag.empty() ? device.etag : wish.etag;
        apply(wish, device);
        print_connection_string(update(manager, device, etag), manager.hostname());
    } else if (*delete_verb) {
        manager.delete_device(wish.device_id, wish.etag);
    } else if (*query_verb) {
        print_rows(manager, query_text, query_top);
    } else if (*import_verb) {
        import_identities(manager, import_options);
    } else if (*export_verb) {
        export_options.with_keys = !without_keys;
        export_identities(manager, export_options);
    }
}

}  // namespace

void device(Arguments arguments) {
    Login login;
    CLI::App app("Device identities of a hub.", "restante device");
    app.require_subcommand(1);
    app.fallthrough();
    login.declare(app);
    Verbs verbs(app);
    parse(app, arguments);
    verbs.run(login.connect());
}

}  // namespace restante::cli
