#include <fmt/chrono.h>
#include <fmt/format.h>

#include "auth/authority_proof.hpp"
#include "cli/keyring_folder.hpp"
#include "cli/output.hpp"
#include "server/config.hpp"

namespace restante::cli {
namespace {

/// What clients must trust: the private CA, or the certificate that the hub's owner gave it.
void show(const server::DataDirectory& directory, const Output& output) {
    boost::json::object shown;
    if (directory.has_ports() && !directory.ports().certificate.empty()) {
        shown = {{"issuedBy", "its owner"}, {"file", directory.ports().certificate}};
    } else {
        const auto authority = value_of(directory.certificate_authority());
        const auto about = value_of(auth::describe_authority(authority.certificate_pem));
        shown = {{"issuedBy", "the hub's private CA"},
                 {"file", directory.ca_path().string()},
                 {"subject", about.subject},
                 {"sha256", about.fingerprint},
                 {"expires",
                  fmt::format("{:%F}", std::chrono::floor<std::chrono::days>(about.expires_at))}};
    }
    static const std::vector<Column> columns{{"issued by", "issuedBy"},
                                             {"clients trust", "file"},
                                             {"subject", "subject"},
                                             {"SHA-256", "sha256"},
                                             {"expires", "expires"}};
    output.show(shown, columns);
}

void replace(const server::DataDirectory& directory, const std::string& certificate_file,
             const std::string& key_file) {
    const auth::CertificateAndKey authority{.certificate_pem = read_file(certificate_file),
                                            .private_key_pem = read_file(key_file)};
    const auto now = SystemClock().now().wall;
    const std::vector<std::string> host{server::Config{}.hostname};
    if (const auto valid = auth::check_new_authority(authority.certificate_pem, now); !valid) {
        throw std::runtime_error(fmt::format("{}: {}", certificate_file, valid.error().message));
    }
    // The check that counts: whether it can do what it is for.
    if (const auto trial = auth::issue_server_certificate(authority, host, now); !trial) {
        throw std::runtime_error(fmt::format("{}: {}", key_file, trial.error().message));
    }
    const auto lock = directory.lock_keyring();
    directory.write(authority);
    fmt::print(
        "A running hub shows new connections a certificate by this authority within a second.\n"
        "Clients must trust {}.\n",
        directory.ca_path().string());
}

class Certificate final : public Verb {
  public:
    explicit Certificate(CLI::App& app)
        : show_(app.add_subcommand("show", "Print which certificate clients must trust")),
          replace_(app.add_subcommand("replace", "Put another private CA in its place")) {
        app.description("The private CA that issues a hub's certificate.");
        app.require_subcommand(1);
        folder_.declare(app);
        output_.declare(*show_);
        replace_->add_option("--certificate", certificate_file_, "PEM file: the new CA's")
            ->type_name("FILE")
            ->required();
        replace_->add_option("--key", key_file_, "PEM file: the new CA's private key")
            ->type_name("FILE")
            ->required();
    }

    void run() override {
        const auto directory = folder_.open();
        if (*show_) {
            show(directory, output_);
        } else if (*replace_) {
            replace(directory, certificate_file_, key_file_);
        }
    }

  private:
    KeyringFolder folder_;
    std::string certificate_file_;
    std::string key_file_;
    Output output_{Format::table};
    CLI::App* show_;
    CLI::App* replace_;
};

}  // namespace

std::unique_ptr<Verb> certificate(CLI::App& app) {
    return std::make_unique<Certificate>(app);
}

}  // namespace restante::cli
