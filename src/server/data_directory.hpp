#pragma once
// The folder that holds everything of one hub, readable by its owner only:
//
//     store/            identities, queues, sessions (see docs/formats/records.md)
//     policies.json     shared access policies with their keys (see docs/formats/keyring.md)
//     authorities.json  certificate authorities trusted for devices, once there is one
//     ca.pem            certificate of the private CA: what clients trust
//     ca.key.pem        the private CA's key
//     ports.json        where the hub listens, while it runs
//     keyring.lock      held by whoever changes a key or an authority
//
// Files are written whole and renamed into place, so a crash leaves the old one or the new one.
// They belong to the folder's owner, also when root changes them: the hub must read them.

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "auth/certificate_authority.hpp"
#include "auth/keyring.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

namespace restante::server {

struct Ports {
    std::string hostname;
    std::uint16_t mqtt = 0;
    std::uint16_t amqp = 0;
    std::uint16_t https = 0;
    /// The file of --tls-certificate; empty when the private CA issues the certificate.
    std::string certificate{};
};

/// Held while the keyring is changed; given up at its end, or with the process.
class KeyringLock {
  public:
    explicit KeyringLock(int descriptor) : descriptor_(descriptor) {}
    KeyringLock(KeyringLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    KeyringLock& operator=(KeyringLock&&) = delete;
    ~KeyringLock();

  private:
    int descriptor_;
};

class DataDirectory {
  public:
    /// Creates the folder when it is absent. Throws UsageError naming the folder and the cause.
    static DataDirectory create(std::filesystem::path path);
    /// Throws UsageError, with the next step, when no hub was ever started there.
    static DataDirectory open(std::filesystem::path path);

    std::filesystem::path store_path() const { return path_ / "store"; }
    std::filesystem::path ca_path() const { return path_ / "ca.pem"; }

    /// The files a running hub reads again when they change.
    std::filesystem::path policies_path() const { return path_ / "policies.json"; }
    std::filesystem::path authorities_path() const { return path_ / "authorities.json"; }
    std::filesystem::path ca_key_path() const { return path_ / "ca.key.pem"; }

    /// Gives a new hub its policies, with fresh keys; leaves those that are there.
    void prepare_policies() const;
    /// Makes the private CA; leaves the one that is there. Throws UsageError on half of one.
    void prepare_certificate_authority(WallTime now) const;

    /// Errors: argument_invalid, naming the file and what is wrong in it.
    Result<auth::SharedAccessPolicies> policies() const;
    /// No file: no authorities. Errors: as above.
    Result<std::vector<auth::TrustedAuthority>> authorities() const;
    /// Errors: argument_invalid, when a file cannot be read.
    Result<auth::CertificateAndKey> certificate_authority() const;

    /// Waits until no other command changes the keyring: what was read under the lock is still so
    /// when it is written.
    KeyringLock lock_keyring() const;
    void write(const auth::SharedAccessPolicies& policies) const;
    void write(const std::vector<auth::TrustedAuthority>& authorities) const;
    void write(const auth::CertificateAndKey& certificate_authority) const;

    void write_ports(const Ports& ports) const;
    /// Whether the hub has ever been ready.
    bool has_ports() const { return has("ports.json"); }
    /// Throws UsageError when the hub has never been ready.
    Ports ports() const;

  private:
    explicit DataDirectory(std::filesystem::path path) : path_(std::move(path)) {}

    Result<std::string> read(const std::string& name) const;
    void write_file(const std::string& name, const std::string& text) const;
    bool has(const std::string& name) const { return std::filesystem::exists(path_ / name); }

    std::filesystem::path path_;
};

}  // namespace restante::server
