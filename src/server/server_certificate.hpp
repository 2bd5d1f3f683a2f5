#pragma once
// The certificate that the hub shows to new connections: its owner's (--tls-certificate), or one
// that the private CA in the data folder issues. Whoever owns this calls look() twice a second and
// reload() when told to; it notices files that were replaced and renews what is about to end. What
// cannot be used changes nothing but the log.
//
// One thread; no timer of its own. An issued certificate lives no longer than its process, so no
// second key lies on the disk.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "auth/certificate_authority.hpp"
#include "base/clock.hpp"
#include "base/logger.hpp"
#include "net/tls.hpp"
#include "server/config.hpp"
#include "server/data_directory.hpp"
#include "server/file_stamps.hpp"

namespace restante::server {

/// An issued certificate is replaced this long before it ends.
inline constexpr std::chrono::days certificate_renewal{30};

/// The owner hears this long before their certificate ends, and once a day from then on.
inline constexpr std::chrono::days certificate_warning{14};

/// How long a renewal that failed waits for the next attempt.
inline constexpr std::chrono::hours certificate_retry{1};

class ServerCertificate {
  public:
    /// Called with each new one behind the first.
    using Replace = std::function<void(std::shared_ptr<const net::TlsServer>)>;

    /// Throws UsageError when there is none to begin with, saying what to do. The directory and
    /// the clock outlive it.
    ServerCertificate(const Config& config, const DataDirectory& directory, const Clock& clock,
                      Logger log, Replace replace);

    const std::shared_ptr<const net::TlsServer>& tls() const { return current_.tls; }
    /// The file a client has to trust.
    std::string trust_file() const;
    bool is_owners() const { return !certificate_file_.empty(); }

    /// Reads the files when they have changed; renews a certificate that is about to end.
    void look();
    /// Reads the files in any case.
    void reload();

  private:
    struct Made {
        std::shared_ptr<const net::TlsServer> tls;
        std::string certificate_pem;
        WallTime expires_at;
    };

    Result<auth::CertificateAndKey> read_source() const;
    Result<Made> make(const auth::CertificateAndKey& source) const;
    Result<Made> use_owners(const auth::CertificateAndKey& source) const;
    Result<Made> issue(const auth::CertificateAndKey& authority) const;
    void accept(Made made, auth::CertificateAndKey source);
    void refuse(const Error& error);

    const DataDirectory& directory_;
    const Clock& clock_;
    Logger log_;
    Replace replace_;
    const std::string hostname_;
    const std::vector<std::string> hosts_;
    const std::string certificate_file_;
    const std::string key_file_;
    FileStamps stamps_;
    auth::CertificateAndKey source_;  ///< of the current one: the owner's, or the CA's
    Made current_;
    WallTime next_look_;  ///< without a change of files: renewal, or a warning
};

}  // namespace restante::server
