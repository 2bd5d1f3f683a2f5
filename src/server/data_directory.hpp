#pragma once
// The folder that holds everything of one hub, readable by its owner only:
//
//     store/          identities, queues, sessions (see docs/formats/records.md)
//     policies.json   shared access policies with their keys
//     ca.pem          certificate of the private CA: what clients trust
//     ca.key.pem      the private CA's key
//     ports.json      where the hub listens, while it runs
//
// Files are written whole and renamed into place, so a crash leaves the old one or the new one.

#include <cstdint>
#include <filesystem>
#include <string>

#include "auth/certificate_authority.hpp"
#include "auth/shared_access_policy.hpp"
#include "base/clock.hpp"

namespace restante::server {

struct Ports {
    std::string hostname;
    std::uint16_t mqtt = 0;
    std::uint16_t amqp = 0;
    std::uint16_t https = 0;
};

class DataDirectory {
  public:
    /// Creates the folder when it is absent. Throws UsageError naming the folder and the cause.
    static DataDirectory create(std::filesystem::path path);
    /// Throws UsageError, with the next step, when no hub was ever started there.
    static DataDirectory open(std::filesystem::path path);

    std::filesystem::path store_path() const { return path_ / "store"; }
    std::filesystem::path ca_path() const { return path_ / "ca.pem"; }

    /// Made with fresh keys on the first call, read afterwards.
    auth::SharedAccessPolicies policies() const;
    /// Made on the first call, read afterwards.
    auth::CertificateAndKey certificate_authority(WallTime now) const;

    void write_ports(const Ports& ports) const;
    /// Throws UsageError when the hub has never been ready.
    Ports ports() const;

  private:
    explicit DataDirectory(std::filesystem::path path) : path_(std::move(path)) {}

    std::string read(const std::string& name) const;
    void write(const std::string& name, const std::string& text) const;
    bool has(const std::string& name) const { return std::filesystem::exists(path_ / name); }

    std::filesystem::path path_;
};

}  // namespace restante::server
