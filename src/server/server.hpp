#pragma once
// One hub, put together: store, hub, gateways, listeners; started in that order and ended in the
// opposite one. What it is made of stands in docs/architecture.md.

#include <memory>

#include "gateway/access/access.hpp"
#include "gateway/websocket/websocket_session.hpp"
#include "net/listener.hpp"
#include "net/loops.hpp"
#include "server/config.hpp"
#include "server/data_directory.hpp"
#include "server/keyring_files.hpp"
#include "server/server_certificate.hpp"
#include "store/rocksdb/rocksdb_engine.hpp"

namespace restante::server {

class Server {
  public:
    /// Ready when this returns. Throws UsageError for what the user can mend, std::runtime_error
    /// for the rest. The sink and the clock outlive the server.
    Server(const Config& config, LogSink& sink, const Clock& clock);
    /// Ends every connection, then the hub, then the store: bounded, and nothing acknowledged is
    /// lost.
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Takes over what changed in the data folder's keys and in the certificate's files. Called
    /// twice a second, on the thread that owns the server.
    void look_for_changes();
    /// The same without waiting for a change to be noticed, and one line that says so.
    void reload();

    const Ports& ports() const { return ports_; }
    const DataDirectory& directory() const { return directory_; }
    /// The file that clients have to trust.
    std::string trust_file() const { return certificate_->trust_file(); }
    /// Of the policy `iothubowner`; empty when it was deleted.
    std::string connection_string() const;

  private:
    std::uint16_t listen(const Config& config, std::string_view flag, std::uint16_t port,
                         const net::SessionFactory& factory);

    const Clock& clock_;
    Logger log_;
    DataDirectory directory_;
    std::unique_ptr<KeyringFiles> keyring_;
    std::unique_ptr<ServerCertificate> certificate_;
    std::unique_ptr<store::RocksDbEngine> engine_;
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<hub::Hub> hub_;
    std::unique_ptr<gateway::Access> access_;
    gateway::WebSocketProtocols websockets_;
    std::shared_ptr<net::Admission> admission_;  // shared by the listeners
    std::unique_ptr<net::Loops> loops_;
    std::vector<std::unique_ptr<net::Listener>> listeners_;
    Ports ports_;
};

/// `restante serve`: runs a hub until SIGTERM or SIGINT; SIGHUP makes it reload. Prints where it is
/// and `ready`. Throws as Server does.
void serve(const Config& config);

/// The connection string of a policy, from the data folder alone. Throws UsageError.
std::string policy_connection_string(const std::filesystem::path& data_dir,
                                     std::string_view policy);

/// The connection string of a device, from the data folder, whether or not the hub runs. Throws
/// UsageError.
std::string device_connection_string(const std::filesystem::path& data_dir,
                                     std::string_view device);

}  // namespace restante::server
