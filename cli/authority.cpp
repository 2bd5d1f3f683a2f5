#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "auth/authority_proof.hpp"
#include "auth/policy_rules.hpp"
#include "cli/keyring_folder.hpp"

namespace restante::cli {
namespace {

using auth::TrustedAuthority;
using Authorities = std::vector<TrustedAuthority>;

WallTime now() {
    return SystemClock().now().wall;
}

Authorities::iterator find_in(Authorities& authorities, const std::string& name) {
    const auto found = std::find_if(authorities.begin(), authorities.end(),
                                    [&](const auto& authority) { return authority.name == name; });
    if (found == authorities.end()) {
        throw std::runtime_error(fmt::format(
            "the hub has no authority '{}'; `restante authority list` names them", name));
    }
    return found;
}

std::string day(WallTime time) {
    return fmt::format("{:%F}", std::chrono::floor<std::chrono::days>(time));
}

void list(const Authorities& authorities) {
    constexpr std::string_view row = "{:<24}  {:<8}  {:<10}  {}\n";
    fmt::print(fmt::runtime(row), "AUTHORITY", "VERIFIED", "EXPIRES", "SUBJECT");
    for (const auto& authority : authorities) {
        const auto about = value_of(auth::describe_authority(authority.certificate_pem));
        fmt::print(fmt::runtime(row), authority.name, authority.verified ? "yes" : "no",
                   day(about.expires_at), about.subject);
    }
}

/// What its owner does with the authority's key, to the letter.
void print_next_step(const TrustedAuthority& authority, const std::string& certificate_file,
                     const std::string& data_dir) {
    fmt::print(
        "\n"
        "It counts once you have shown that you hold its key. Where the key is (here "
        "authority.key.pem):\n"
        "\n"
        "  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \\\n"
        "      -keyout proof.key.pem -out proof.csr -subj /CN={}\n"
        "  openssl x509 -req -in proof.csr -CA {} -CAkey authority.key.pem -CAcreateserial \\\n"
        "      -days 1 -out proof.pem\n"
        "\n"
        "then, here:\n"
        "\n"
        "  restante authority verify {} proof.pem --data-dir {}\n",
        authority.verification_code, quoted(certificate_file), authority.name, quoted(data_dir));
}

void show(const TrustedAuthority& authority, const std::string& certificate_file,
          const std::string& data_dir) {
    const auto about = value_of(auth::describe_authority(authority.certificate_pem));
    fmt::print(
        "name               {}\n"
        "subject            {}\n"
        "SHA-256            {}\n"
        "expires            {}\n"
        "verification code  {}\n"
        "verified           {}\n",
        authority.name, about.subject, about.fingerprint, day(about.expires_at),
        authority.verification_code, authority.verified ? "yes" : "no");
    if (!authority.verified) print_next_step(authority, certificate_file, data_dir);
}

void add(const KeyringFolder& folder, const std::string& name, const std::string& file) {
    const TrustedAuthority added{.name = name,
                                 .certificate_pem = read_file(file),
                                 .verification_code = auth::make_verification_code()};
    if (const auto valid = auth::check_new_authority(added.certificate_pem, now()); !valid) {
        throw std::runtime_error(fmt::format("{}: {}", file, valid.error().message));
    }
    const auto directory = folder.open();
    const auto lock = directory.lock_keyring();
    auto authorities = value_of(directory.authorities());
    authorities.push_back(added);
    check(auth::check_authorities(authorities));
    directory.write(authorities);
    show(added, file, folder.data_dir);
}

void verify(const server::DataDirectory& directory, const std::string& name,
            const std::string& file) {
    const auto proof = read_file(file);
    const auto lock = directory.lock_keyring();
    auto authorities = value_of(directory.authorities());
    auto& authority = *find_in(authorities, name);
    if (const auto proved = auth::check_possession(authority, proof, now()); !proved) {
        throw std::runtime_error(fmt::format("{}: {}", file, proved.error().message));
    }
    authority.verified = true;
    directory.write(authorities);
    fmt::print("'{}' is verified: its certificates prove devices from now on\n", name);
}

void remove(const server::DataDirectory& directory, const std::string& name) {
    const auto lock = directory.lock_keyring();
    auto authorities = value_of(directory.authorities());
    authorities.erase(find_in(authorities, name));
    directory.write(authorities);
}

}  // namespace

void authority(Arguments arguments) {
    KeyringFolder folder;
    std::string name;
    std::string file;
    CLI::App app("Certificate authorities whose certificates prove a hub's devices.",
                 "restante authority");
    app.require_subcommand(1);
    app.fallthrough();
    folder.declare(app);
    const auto declare = [&](const char* verb, const char* text) {
        auto* command = app.add_subcommand(verb, text);
        command->add_option("NAME", name, "Your name for the authority")->required();
        return command;
    };
    auto* listing = app.add_subcommand("list", "List the authorities");
    auto* showing = declare("show", "Print an authority and how it is verified");
    auto* adding = declare("add", "Add an authority, to be verified");
    adding->add_option("FILE", file, "PEM file: the authority's certificate")->required();
    auto* verifying = declare("verify", "Show that you hold an authority's key");
    verifying->add_option("FILE", file, "PEM file: a certificate it signed for the code")
        ->required();
    auto* removing = declare("remove", "Trust an authority no longer");
    parse(app, arguments);

    const auto directory = folder.open();
    if (*listing) {
        list(value_of(directory.authorities()));
    } else if (*showing) {
        auto authorities = value_of(directory.authorities());
        show(*find_in(authorities, name), name + ".pem", folder.data_dir);
    } else if (*adding) {
        add(folder, name, file);
    } else if (*verifying) {
        verify(directory, name, file);
    } else if (*removing) {
        remove(directory, name);
    }
}

}  // namespace restante::cli
