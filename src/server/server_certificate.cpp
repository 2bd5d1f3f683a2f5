#include "server/server_certificate.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace restante::server {
namespace {

// Any chain is far smaller; a wrong file (a disk image, a log) is refused early.
constexpr std::size_t pem_bytes_max = 1024 * 1024;

std::vector<std::string> certificate_hosts(const Config& config) {
    std::vector<std::string> hosts{config.hostname, "localhost", "127.0.0.1", "::1"};
    hosts.insert(hosts.end(), config.san.begin(), config.san.end());
    std::vector<std::string> unique;
    for (auto& host : hosts) {
        if (std::find(unique.begin(), unique.end(), host) == unique.end()) {
            unique.push_back(std::move(host));
        }
    }
    return unique;
}

Result<std::string> read_pem(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return fail(ErrorCode::argument_invalid,
                    fmt::format("cannot read {}: {}", path, std::strerror(errno)));
    }
    std::string text(pem_bytes_max + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    return text;
}

std::string day(WallTime time) {
    return fmt::format("{:%F}", std::chrono::floor<std::chrono::days>(time));
}

std::vector<std::filesystem::path> source_files(const Config& config,
                                                const DataDirectory& directory) {
    if (config.tls_certificate.empty()) return {directory.ca_path(), directory.ca_key_path()};
    return {config.tls_certificate, config.tls_key};
}

}  // namespace

ServerCertificate::ServerCertificate(const Config& config, const DataDirectory& directory,
                                     const Clock& clock, Logger log, Replace replace)
    : directory_(directory),
      clock_(clock),
      log_(log),
      replace_(std::move(replace)),
      hostname_(config.hostname),
      hosts_(certificate_hosts(config)),
      certificate_file_(config.tls_certificate),
      key_file_(config.tls_key),
      stamps_(source_files(config, directory)) {
    auto source = read_source();
    if (!source) throw UsageError(source.error().message);
    auto made = make(*source);
    if (!made) throw UsageError(made.error().message);
    accept(std::move(*made), std::move(*source));
}

std::string ServerCertificate::trust_file() const {
    return is_owners() ? certificate_file_ : directory_.ca_path().string();
}

void ServerCertificate::look() {
    if (stamps_.changed() || clock_.now().wall >= next_look_) reload();
}

void ServerCertificate::reload() {
    auto source = read_source();
    if (!source) return refuse(source.error());
    const bool is_new = source->certificate_pem != source_.certificate_pem ||
                        source->private_key_pem != source_.private_key_pem;
    const WallTime now = clock_.now().wall;
    if (!is_new && is_owners()) {
        if (now >= next_look_) {
            log_.warning("certificate_expires_soon",
                         {{"file", certificate_file_}, {"expires", day(current_.expires_at)}});
            next_look_ = now + std::chrono::days(1);
        }
        return;
    }
    if (!is_new && now + certificate_renewal < current_.expires_at) return;
    auto made = make(*source);
    if (!made) return refuse(made.error());
    accept(std::move(*made), std::move(*source));
    replace_(current_.tls);
    // Behind the replacement: the line means that the next connection gets it.
    log_.info("certificate_replaced",
              {{"cause", is_new ? "new file" : "renewal"}, {"expires", day(current_.expires_at)}});
}

Result<auth::CertificateAndKey> ServerCertificate::read_source() const {
    if (!is_owners()) return directory_.certificate_authority();
    auto certificate = read_pem(certificate_file_);
    if (!certificate) return std::unexpected(certificate.error());
    auto key = read_pem(key_file_);
    if (!key) return std::unexpected(key.error());
    return auth::CertificateAndKey{.certificate_pem = std::move(*certificate),
                                   .private_key_pem = std::move(*key)};
}

Result<ServerCertificate::Made> ServerCertificate::make(
    const auth::CertificateAndKey& source) const {
    return is_owners() ? use_owners(source) : issue(source);
}

Result<ServerCertificate::Made> ServerCertificate::use_owners(
    const auth::CertificateAndKey& source) const {
    const auto name = [this](const Error& error) {
        return fail(ErrorCode::argument_invalid,
                    fmt::format("{} with {}: {}", certificate_file_, key_file_, error.message));
    };
    auto tls = net::TlsServer::create({.certificate_chain_pem = source.certificate_pem,
                                       .private_key_pem = source.private_key_pem,
                                       .ca_file = {}});
    if (!tls) return name(tls.error());
    const auto expiry = auth::certificate_expiry(source.certificate_pem);
    if (!expiry) return name(expiry.error());
    if (*expiry <= clock_.now().wall) {
        return fail(ErrorCode::argument_invalid,
                    fmt::format("{} has expired on {}; put a renewed certificate there",
                                certificate_file_, day(*expiry)));
    }
    return Made{
        .tls = std::move(*tls), .certificate_pem = source.certificate_pem, .expires_at = *expiry};
}

Result<ServerCertificate::Made> ServerCertificate::issue(
    const auth::CertificateAndKey& authority) const {
    const auto name = [this](std::string_view reason) {
        return fail(ErrorCode::argument_invalid,
                    fmt::format("{}: {}", directory_.ca_path().string(), reason));
    };
    const WallTime now = clock_.now().wall;
    const auto end = auth::certificate_expiry(authority.certificate_pem);
    if (!end) return name(end.error().message);
    if (*end <= now) {
        return name(
            fmt::format("the authority has expired on {}; replace it (`restante "
                        "certificate replace`)",
                        day(*end)));
    }
    const auto certificate = auth::issue_server_certificate(authority, hosts_, now);
    if (!certificate) {
        return name(certificate.error().message + " (see also --hostname and --san)");
    }
    auto tls = net::TlsServer::create(
        {.certificate_chain_pem = certificate->certificate_pem + authority.certificate_pem,
         .private_key_pem = certificate->private_key_pem,
         .ca_file = directory_.ca_path().string()});
    if (!tls) return name(tls.error().message);
    return Made{.tls = std::move(*tls),
                .certificate_pem = certificate->certificate_pem,
                .expires_at = now + auth::server_certificate_validity_default};
}

void ServerCertificate::accept(Made made, auth::CertificateAndKey source) {
    current_ = std::move(made);
    source_ = std::move(source);
    next_look_ = current_.expires_at - (is_owners() ? certificate_warning : certificate_renewal);
    if (!auth::certificate_covers(current_.certificate_pem, hostname_)) {
        log_.warning("certificate_lacks_hostname", {{"file", certificate_file_},
                                                    {"hostname", hostname_},
                                                    {"reason",
                                                     "clients that check the name will refuse it; "
                                                     "set --hostname to a name it has"}});
    }
}

void ServerCertificate::refuse(const Error& error) {
    log_.error("certificate_refused",
               {{"reason", error.message}, {"kept", "the certificate that was in use before"}});
    next_look_ = std::max(next_look_, clock_.now().wall + certificate_retry);
}

}  // namespace restante::server
