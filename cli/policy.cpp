#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "auth/policy_rules.hpp"
#include "cli/keyring_folder.hpp"

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
        throw std::runtime_error(
            fmt::format("the hub has no policy '{}'; `restante policy list` names them", name));
    }
    return found;
}

void list(const SharedAccessPolicies& policies) {
    constexpr std::string_view row = "{:<32}  {}\n";
    fmt::print(fmt::runtime(row), "POLICY", "RIGHTS");
    for (const auto& policy : policies) {
        fmt::print(fmt::runtime(row), policy.name, auth::to_text(policy.rights));
    }
}

void show(const SharedAccessPolicy& policy, const server::DataDirectory& directory) {
    fmt::print(
        "name           {}\n"
        "rights         {}\n"
        "primary key    {}\n"
        "secondary key  {}\n",
        policy.name, auth::to_text(policy.rights), policy.primary_key, policy.secondary_key);
    if (!directory.has_ports()) return;
    const auto hostname = directory.ports().hostname;
    for (const auto& key : {policy.primary_key, policy.secondary_key}) {
        fmt::print("HostName={};SharedAccessKeyName={};SharedAccessKey={}\n", hostname, policy.name,
                   key);
    }
}

void create(const server::DataDirectory& directory, const std::string& name,
            const std::string& rights) {
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
    show(made, directory);
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

}  // namespace

void policy(Arguments arguments) {
    KeyringFolder folder;
    std::string name;
    std::string rights;
    std::string which;
    CLI::App app("Shared access policies of a hub: named pairs of keys, each with rights.",
                 "restante policy");
    app.require_subcommand(1);
    app.fallthrough();
    folder.declare(app);
    const auto add = [&](const char* verb, const char* text) {
        auto* command = app.add_subcommand(verb, text);
        command->add_option("NAME", name, "Name of the policy")->required();
        return command;
    };
    auto* listing = app.add_subcommand("list", "List the policies and their rights");
    auto* showing = add("show", "Print a policy with its keys and connection strings");
    auto* creating = add("create", "Make a policy with fresh keys and print it");
    creating->add_option("--rights", rights, "As in \"RegistryRead, ServiceConnect\"")
        ->type_name("RIGHTS")
        ->required();
    auto* deleting = add("delete", "Remove a policy; its keys open nothing any more");
    auto* regenerating = add("regenerate-key", "Replace one of a policy's keys by a fresh one");
    regenerating->add_option("--key", which, "primary, secondary, or swap to exchange them")
        ->type_name("KEY")
        ->check(CLI::IsMember({"primary", "secondary", "swap"}))
        ->required();
    parse(app, arguments);

    const auto directory = folder.open();
    if (*listing) {
        list(value_of(directory.policies()));
    } else if (*showing) {
        auto policies = value_of(directory.policies());
        show(*find_in(policies, name), directory);
    } else if (*creating) {
        create(directory, name, rights);
    } else if (*deleting) {
        remove(directory, name);
    } else if (*regenerating) {
        regenerate(directory, name, which);
    }
}

}  // namespace restante::cli
