#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "auth/policy_rules.hpp"
#include "cli/failure.hpp"
#include "cli/keyring_folder.hpp"
#include "cli/output.hpp"

namespace restante::cli {
namespace {

using auth::SharedAccessPolicies;
using auth::SharedAccessPolicy;

/// The one that a back end logs in with unless it is told another.
constexpr std::string_view owner_policy = "iothubowner";

SharedAccessPolicies::iterator find_in(SharedAccessPolicies& policies, const std::string& name) {
    const auto found = std::find_if(policies.begin(), policies.end(),
                                    [&](const auto& policy) { return policy.name == name; });
    if (found == policies.end()) {
        throw NotFound(
            fmt::format("the hub has no policy '{}'; `restante policy list` names them", name));
    }
    return found;
}

boost::json::object to_json(const SharedAccessPolicy& policy) {
    return {{"name", policy.name}, {"rights", auth::to_text(policy.rights)}};
}

void list(const SharedAccessPolicies& policies, const Output& output) {
    Rows rows(output, {{"POLICY", "name"}, {"RIGHTS", "rights"}});
    for (const auto& policy : policies) rows.add(to_json(policy));
    rows.finish();
}

/// With its keys and, once the hub has a name, connection strings.
void show(const SharedAccessPolicy& policy, const server::DataDirectory& directory,
          const Output& output) {
    auto shown = to_json(policy);
    shown["primaryKey"] = policy.primary_key;
    shown["secondaryKey"] = policy.secondary_key;
    if (directory.has_ports()) {
        const auto text = [&](const std::string& key) {
            return fmt::format("HostName={};SharedAccessKeyName={};SharedAccessKey={}",
                               directory.ports().hostname, policy.name, key);
        };
        shown["primaryConnectionString"] = text(policy.primary_key);
        shown["secondaryConnectionString"] = text(policy.secondary_key);
    }
    static const std::vector<Column> columns{
        {"name", "name"},
        {"rights", "rights"},
        {"primary key", "primaryKey"},
        {"secondary key", "secondaryKey"},
        {"primary connection string", "primaryConnectionString"},
        {"secondary connection string", "secondaryConnectionString"}};
    output.show(shown, columns);
}

void create(const server::DataDirectory& directory, const std::string& name,
            const std::string& rights, const Output& output) {
    const auto made = auth::make_policy(name, value_of(auth::parse_rights(rights)));
    const auto lock = directory.lock_keyring();
    auto policies = value_of(directory.policies());
    if (auth::find(policies, name) != nullptr) {
        throw std::runtime_error(
            fmt::format("the hub has a policy '{}' already; `restante policy show {}` prints it, "
                        "`restante policy delete {}` removes it",
                        name, name, name));
    }
    policies.push_back(made);
    check(auth::check_policies(policies));
    directory.write(policies);
    show(made, directory, output);
}

/// Without a policy that may write, nobody could give a device its keys any more.
bool can_write(const SharedAccessPolicy& policy) {
    return auth::includes(policy.rights, auth::Rights::registry_write);
}

void remove(const server::DataDirectory& directory, const std::string& name) {
    const auto lock = directory.lock_keyring();
    auto policies = value_of(directory.policies());
    policies.erase(find_in(policies, name));
    if (std::none_of(policies.begin(), policies.end(), can_write)) {
        throw std::runtime_error(
            fmt::format("'{}' is the last policy with RegistryWrite: without one no service can "
                        "change a device; create another one first",
                        name));
    }
    directory.write(policies);
    if (name == owner_policy) {
        fmt::print(stderr,
                   "restante: '{}' is gone; `restante connection-string` now needs --policy, and "
                   "`restante device` needs --login\n",
                   name);
    }
}

void regenerate(const server::DataDirectory& directory, const std::string& name,
                const std::string& which) {
    const auto lock = directory.lock_keyring();
    auto policies = value_of(directory.policies());
    auto& policy = *find_in(policies, name);
    if (which == "swap") {
        std::swap(policy.primary_key, policy.secondary_key);
    } else {
        (which == "primary" ? policy.primary_key : policy.secondary_key) = auth::make_key();
    }
    directory.write(policies);
    fmt::print("'{}': {}; `restante policy show {}` prints the keys\n", name,
               which == "swap" ? "the keys have changed places"
                               : "the old " + which + " key opens nothing any more",
               name);
}

class Policy final : public Verb {
  public:
    explicit Policy(CLI::App& app);
    void run() override;

  private:
    KeyringFolder folder_;
    std::string name_;
    std::string rights_;
    std::string which_;
    Output output_{Format::table};
    CLI::App* list_;
    CLI::App* show_;
    CLI::App* create_;
    CLI::App* delete_;
    CLI::App* regenerate_;
};

Policy::Policy(CLI::App& app)
    : list_(app.add_subcommand("list", "List the policies and their rights")),
      show_(app.add_subcommand("show", "Print a policy with its keys and connection strings")),
      create_(app.add_subcommand("create", "Make a policy with fresh keys and print it")),
      delete_(app.add_subcommand("delete", "Remove a policy; its keys open nothing any more")),
      regenerate_(
          app.add_subcommand("regenerate-key", "Replace one of a policy's keys by a fresh one")) {
    app.description("Shared access policies of a hub: named pairs of keys, each with rights.");
    app.require_subcommand(1);
    folder_.declare(app);
    for (auto* verb : {show_, create_, delete_, regenerate_}) {
        verb->add_option("NAME", name_, "Name of the policy")->required();
    }
    create_->add_option("--rights", rights_, "As in \"RegistryRead, ServiceConnect\"")
        ->type_name("RIGHTS")
        ->required();
    regenerate_->add_option("--key", which_, "primary, secondary, or swap to exchange them")
        ->type_name("KEY")
        ->check(CLI::IsMember({"primary", "secondary", "swap"}))
        ->required();
    for (auto* verb : {list_, show_, create_}) output_.declare(*verb);
}

void Policy::run() {
    const auto directory = folder_.open();
    if (*list_) {
        list(value_of(directory.policies()), output_);
    } else if (*show_) {
        auto policies = value_of(directory.policies());
        show(*find_in(policies, name_), directory, output_);
    } else if (*create_) {
        create(directory, name_, rights_, output_);
    } else if (*delete_) {
        remove(directory, name_);
    } else if (*regenerate_) {
        regenerate(directory, name_, which_);
    }
}

}  // namespace

std::unique_ptr<Verb> policy(CLI::App& app) {
    return std::make_unique<Policy>(app);
}

}  // namespace restante::cli
