#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "auth/authority_proof.hpp"
#include "auth/policy_rules.hpp"
#include "cli/failure.hpp"
#include "cli/keyring_folder.hpp"
#include "cli/output.hpp"

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
        throw NotFound(fmt::format(
            "the hub has no authority '{}'; `restante authority list` names them", name));
    }
    return found;
}

std::string day(WallTime time) {
    return fmt::format("{:%F}", std::chrono::floor<std::chrono::days>(time));
}

boost::json::object to_json(const TrustedAuthority& authority) {
    const auto about = value_of(auth::describe_authority(authority.certificate_pem));
    return {{"name", authority.name},           {"verified", authority.verified},
            {"expires", day(about.expires_at)}, {"subject", about.subject},
            {"sha256", about.fingerprint},      {"verificationCode", authority.verification_code}};
}

void list(const Authorities& authorities, const Output& output) {
    Rows rows(output, {{"AUTHORITY", "name"},
                       {"VERIFIED", "verified"},
                       {"EXPIRES", "expires"},
                       {"SUBJECT", "subject"}});
    for (const auto& authority : authorities) rows.add(to_json(authority));
    rows.finish();
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

/// With what is to be done next, for people.
void show(const TrustedAuthority& authority, const std::string& certificate_file,
          const std::string& data_dir, const Output& output) {
    static const std::vector<Column> columns{{"name", "name"},
                                             {"subject", "subject"},
                                             {"SHA-256", "sha256"},
                                             {"expires", "expires"},
                                             {"verification code", "verificationCode"},
                                             {"verified", "verified"}};
    output.show(to_json(authority), columns);
    if (output.format() == Format::table && !authority.verified) {
        print_next_step(authority, certificate_file, data_dir);
    }
}

void add(const KeyringFolder& folder, const std::string& name, const std::string& file,
         const Output& output) {
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
    show(added, file, folder.data_dir, output);
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

class Authority final : public Verb {
  public:
    explicit Authority(CLI::App& app);
    void run() override;

  private:
    KeyringFolder folder_;
    std::string name_;
    std::string file_;
    Output output_{Format::table};
    CLI::App* list_;
    CLI::App* show_;
    CLI::App* add_;
    CLI::App* verify_;
    CLI::App* remove_;
};

Authority::Authority(CLI::App& app)
    : list_(app.add_subcommand("list", "List the authorities")),
      show_(app.add_subcommand("show", "Print an authority and how it is verified")),
      add_(app.add_subcommand("add", "Add an authority, to be verified")),
      verify_(app.add_subcommand("verify", "Show that you hold an authority's key")),
      remove_(app.add_subcommand("remove", "Trust an authority no longer")) {
    app.description("Certificate authorities whose certificates prove a hub's devices.");
    app.require_subcommand(1);
    folder_.declare(app);
    for (auto* verb : {show_, add_, verify_, remove_}) {
        verb->add_option("NAME", name_, "Your name for the authority")->required();
    }
    add_->add_option("FILE", file_, "PEM file: the authority's certificate")->required();
    verify_->add_option("FILE", file_, "PEM file: a certificate it signed for the code")
        ->required();
    for (auto* verb : {list_, show_, add_}) output_.declare(*verb);
}

void Authority::run() {
    const auto directory = folder_.open();
    if (*list_) {
        list(value_of(directory.authorities()), output_);
    } else if (*show_) {
        auto authorities = value_of(directory.authorities());
        show(*find_in(authorities, name_), name_ + ".pem", folder_.data_dir, output_);
    } else if (*add_) {
        add(folder_, name_, file_, output_);
    } else if (*verify_) {
        verify(directory, name_, file_);
    } else if (*remove_) {
        remove(directory, name_);
    }
}

}  // namespace

std::unique_ptr<Verb> authority(CLI::App& app) {
    return std::make_unique<Authority>(app);
}

}  // namespace restante::cli
