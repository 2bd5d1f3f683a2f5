#include <fmt/format.h>

#include <optional>

#include "base/encoding.hpp"
#include "base/random.hpp"
#include "cli/hub_call.hpp"
#include "cli/identity_file.hpp"
#include "cli/login.hpp"
#include "cli/output.hpp"
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

/// A list is for looking at: the keys stay in the hub.
void print_list(const std::vector<Device>& devices, const Output& output) {
    Rows rows(output, {{"DEVICE", "deviceId"},
                       {"STATUS", "status"},
                       {"CONNECTION", "connectionState"},
                       {"AUTHENTICATION", "authentication.type"},
                       {"WAITING", "cloudToDeviceMessageCount"}});
    for (const auto& device : devices) {
        auto row = parse_object(device.serialize());
        if (auto* authentication = row["authentication"].if_object()) {
            authentication->erase("symmetricKey");
        }
        rows.add(std::move(row));
    }
    rows.finish();
}

void print_device(const Device& device, const Output& output) {
    static const std::vector<Column> columns{
        {"device", "deviceId"},
        {"status", "status"},
        {"status reason", "statusReason"},
        {"connection", "connectionState"},
        {"last activity", "lastActivityTime"},
        {"messages waiting", "cloudToDeviceMessageCount"},
        {"authentication", "authentication.type"},
        {"primary key", "authentication.symmetricKey.primaryKey"},
        {"secondary key", "authentication.symmetricKey.secondaryKey"},
        {"primary thumbprint", "authentication.x509Thumbprint.primaryThumbprint"},
        {"secondary thumbprint", "authentication.x509Thumbprint.secondaryThumbprint"},
        {"edge device", "capabilities.iotEdge"},
        {"scope", "deviceScope"},
        {"etag", "etag"}};
    output.show(parse_object(device.serialize()), columns);
}

/// All pages, or the first `top` rows.
void print_rows(IoTHubRegistryManager& manager, const std::string& query, std::size_t top,
                const Output& output) {
    Rows rows(output);
    std::string place;
    std::size_t printed = 0;
    do {
        const auto page = manager.query_iot_hub({query}, place);
        place = page.continuation_token;
        for (const auto& row : page.items) {
            if (top > 0 && printed == top) return rows.finish();
            rows.add(parse_object(row));
            ++printed;
        }
    } while (!place.empty());
    rows.finish();
}

/// What happened lately to the connections of a device, or of all of them.
void print_events(HubCall hub, const std::string& device_id, const Output& output) {
    std::string target = "/restante/connectionEvents?api-version=2021-04-12";
    if (!device_id.empty()) target += "&deviceId=" + percent_encode(device_id);
    Rows rows(output, {{"TIME", "timeUtc"},
                       {"DEVICE", "deviceId"},
                       {"MODULE", "moduleId"},
                       {"PROTOCOL", "protocol"},
                       {"EVENT", "event"},
                       {"PEER", "peer"},
                       {"REASON", "reason"}});
    for (auto& event : parse_objects(as_text(hub.send({.method = "GET", .target = target}).body))) {
        rows.add(std::move(event));
    }
    rows.finish();
}

/// Every verb, its words, and what they said.
class DeviceVerbs final : public Verb {
  public:
    explicit DeviceVerbs(CLI::App& app);
    void run() override;

  private:
    void declare_files();

    Login login_;
    Wish wish_;
    std::size_t list_top_ = 1000;
    std::string query_text_;
    std::size_t query_top_ = 0;
    ImportOptions import_options_;
    ExportOptions export_options_;
    bool without_keys_ = false;
    std::string events_device_id_;
    Output list_output_{Format::table};
    Output show_output_{Format::json};
    Output query_output_{Format::jsonl};
    CLI::App* create_verb_;
    CLI::App* show_verb_;
    CLI::App* list_verb_;
    CLI::App* update_verb_;
    CLI::App* delete_verb_;
    CLI::App* query_verb_;
    CLI::App* events_verb_;
    CLI::App* import_verb_;
    CLI::App* export_verb_;
};

DeviceVerbs::DeviceVerbs(CLI::App& app)
    : create_verb_(app.add_subcommand("create", "Register a device; prints its connection string")),
      show_verb_(app.add_subcommand("show", "Print an identity, its keys included")),
      list_verb_(app.add_subcommand("list", "List devices")),
      update_verb_(app.add_subcommand("update", "Change what is named and leave the rest")),
      delete_verb_(app.add_subcommand("delete", "Remove a device and the messages it waits for")),
      query_verb_(app.add_subcommand("query", "Print what a query selects")),
      events_verb_(app.add_subcommand("events", "Print who connected lately, and why it ended")),
      import_verb_(app.add_subcommand("import", "Write the identities of a file into the hub")),
      export_verb_(app.add_subcommand("export", "Write all identities of the hub into a file")) {
    app.description("Device identities of a hub.");
    app.require_subcommand(1);
    login_.declare(app);
    declare_wish(*create_verb_, wish_);
    create_verb_->add_flag("--edge", wish_.edge, "It is an IoT Edge device");
    declare_wish(*update_verb_, wish_);
    update_verb_->add_flag("--edge", wish_.edge, "Make it an IoT Edge device");
    update_verb_->add_option("--regenerate", wish_.regenerate, "Make keys anew")
        ->check(CLI::IsMember({"primary", "secondary", "both"}));
    for (auto* verb : {update_verb_, delete_verb_}) {
        verb->add_option("--etag", wish_.etag, "Only if the identity still has this tag");
    }
    for (auto* verb : {show_verb_, delete_verb_}) {
        verb->add_option("ID", wish_.device_id, "Name of the device")->required();
    }
    list_verb_->add_option("--top", list_top_, "List at most this many")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    query_verb_->add_option("QUERY", query_text_, "Such as SELECT * FROM devices")->required();
    query_verb_->add_option("--top", query_top_, "Print at most this many")
        ->check(CLI::PositiveNumber);
    events_verb_->add_option("ID", events_device_id_, "Name of the device; all without it");
    list_output_.declare(*list_verb_);
    list_output_.declare(*events_verb_);
    show_output_.declare(*show_verb_);
    query_output_.declare(*query_verb_);
    declare_files();
}

void DeviceVerbs::declare_files() {
    import_verb_
        ->add_option("FILE", import_options_.file, "One JSON object a line; - for the input")
        ->required();
    import_verb_->add_option("--errors", import_options_.errors, "Write there what was not done")
        ->type_name("FILE");
    import_verb_
        ->add_option("--mode", import_options_.mode, "In place of the importMode of the lines")
        ->check(CLI::IsMember({"create", "createOrUpdate", "update", "updateIfMatchETag", "delete",
                               "deleteIfMatchETag"}));
    export_verb_->add_option("FILE", export_options_.file, "Where to; - for the output")
        ->required();
    export_verb_->add_flag("--exclude-keys", without_keys_, "Leave the keys out");
}

void DeviceVerbs::run() {
    if (*events_verb_) {
        return print_events(HubCall::as_service(login_.find()), events_device_id_, list_output_);
    }
    auto manager = login_.connect();
    if (*create_verb_) {
        Device device;
        device.device_id = wish_.device_id;
        device.status = "enabled";
        device.authentication.type = "sas";
        apply(wish_, device);
        print_connection_string(create(manager, device), manager.hostname());
    } else if (*show_verb_) {
        print_device(manager.get_device(wish_.device_id), show_output_);
    } else if (*list_verb_) {
        print_list(manager.get_devices(list_top_), list_output_);
    } else if (*update_verb_) {
        Device device = manager.get_device(wish_.device_id);
        const std::string etag = wish_.etag.empty() ? device.etag : wish_.etag;
        apply(wish_, device);
        print_connection_string(update(manager, device, etag), manager.hostname());
    } else if (*delete_verb_) {
        manager.delete_device(wish_.device_id, wish_.etag);
    } else if (*query_verb_) {
        print_rows(manager, query_text_, query_top_, query_output_);
    } else if (*import_verb_) {
        import_identities(manager, import_options_);
    } else if (*export_verb_) {
        export_options_.with_keys = !without_keys_;
        export_identities(manager, export_options_);
    }
}

}  // namespace

std::unique_ptr<Verb> device(CLI::App& app) {
    return std::make_unique<DeviceVerbs>(app);
}

}  // namespace restante::cli
