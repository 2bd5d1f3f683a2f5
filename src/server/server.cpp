#include "server/server.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "gateway/amqp/amqp_session.hpp"
#include "gateway/http/http_session.hpp"
#include "gateway/mqtt/mqtt_session.hpp"
#include "net/local_addresses.hpp"
#include "server/websocket_protocols.hpp"

namespace restante::server {
namespace {

/// How often a free port of the first address may turn out to be taken on the second.
constexpr int free_port_attempts = 10;

/// Connections are descriptors: take as many as the system allows.
void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

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

std::shared_ptr<const net::TlsServer> make_tls(const Config& config, const DataDirectory& directory,
                                               WallTime now) {
    const auto authority = directory.certificate_authority(now);
    // A certificate lives no longer than its process, so no second key lies on the disk.
    const auto certificate =
        auth::issue_server_certificate(authority, certificate_hosts(config), now);
    if (!certificate) {
        throw UsageError(certificate.error().message + " (see --hostname and --san)");
    }
    auto tls = net::TlsServer::create(
        {.certificate_chain_pem = certificate->certificate_pem + authority.certificate_pem,
         .private_key_pem = certificate->private_key_pem,
         .ca_file = directory.ca_path().string()});
    if (!tls) throw std::runtime_error(tls.error().message);
    return *tls;
}

/// What the disk holds is the truth now; the next start recovers from it.
[[noreturn]] void stop_on_storage_failure(const Error&) {
    std::_Exit(EXIT_FAILURE);
}

}  // namespace

Server::Server(const Config& config, LogSink& sink, const Clock& clock)
    : clock_(clock),
      log_(sink, clock, config.log_level),
      directory_(DataDirectory::create(config.data_dir)),
      policies_(directory_.policies()) {
    raise_descriptor_limit();
    tls_ = make_tls(config, directory_, clock.now().wall);
    auto engine = store::RocksDbEngine::open(directory_.store_path());
    if (!engine) throw UsageError(engine.error().message);
    engine_ = std::move(*engine);
    store_ = std::make_unique<store::Store>(*engine_);
    hub_ = std::make_unique<hub::Hub>(*store_, clock_, log_, config.rules, stop_on_storage_failure);
    if (auto started = hub_->start(); !started) throw std::runtime_error(started.error().message);
    access_ = std::make_unique<gateway::Access>(
        *hub_, auth::Keyring{.policies = policies_, .authorities = {}}, clock_, log_,
        config.hostname);
    websockets_ = websocket_protocols(*access_);
    loops_ = std::make_unique<net::Loops>(std::max(1U, std::thread::hardware_concurrency()));

    ports_.hostname = config.hostname;
    ports_.mqtt = listen(config, "--mqtt-port", config.mqtt_port,
                         [this] { return std::make_unique<gateway::MqttSession>(*access_); });
    ports_.amqp = listen(config, "--amqp-port", config.amqp_port,
                         [this] { return std::make_unique<gateway::AmqpSession>(*access_); });
    ports_.https = listen(config, "--https-port", config.https_port, [this] {
        return std::make_unique<gateway::HttpSession>(*access_, websockets_);
    });
    directory_.write_ports(ports_);
}

Server::~Server() {
    for (auto& listener : listeners_) listener->stop();
    if (loops_) loops_->stop();
    if (hub_) hub_->stop();
}

std::string Server::connection_string() const {
    const auto* owner = auth::find(policies_, "iothubowner");
    if (owner == nullptr) return {};
    return fmt::format("HostName={};SharedAccessKeyName={};SharedAccessKey={}", ports_.hostname,
                       owner->name, owner->primary_key);
}

/// Listens on one port of every address. A free port has to be free on all of them.
std::uint16_t Server::listen(const Config& config, std::string_view flag, std::uint16_t port,
                             const net::SessionFactory& factory) {
    const auto addresses = config.listen.empty() ? net::loopback_addresses() : config.listen;
    for (int attempt = 1;; ++attempt) {
        std::vector<std::unique_ptr<net::Listener>> bound;
        std::uint16_t bound_port = port;
        std::string failure;
        for (const auto& address : addresses) {
            auto listener = net::Listener::start(
                *loops_, clock_, log_,
                {.address = address, .port = bound_port, .tls = tls_, .session = factory});
            if (!listener) {
                failure = listener.error().message;
                break;
            }
            bound_port = (*listener)->port();
            bound.push_back(std::move(*listener));
        }
        if (failure.empty()) {
            std::move(bound.begin(), bound.end(), std::back_inserter(listeners_));
            return bound_port;
        }
        const bool may_retry = port == 0 && !bound.empty() && attempt < free_port_attempts;
        if (!may_retry) throw UsageError(fmt::format("{} (set {} or --listen)", failure, flag));
    }
}

// -- the command ---------------------------------------------------------------------------------

void serve(const Config& config) {
    // Threads inherit the mask, so the signals wait for sigwait() below.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    umask(S_IRWXG | S_IRWXO);

    StderrSink sink;
    const SystemClock clock;
    const Server server(config, sink, clock);
    const Ports& ports = server.ports();
    fmt::print(
        "Restante {}\n"
        "  hub                {}\n"
        "  ports              MQTT {}, AMQP {}, HTTPS {}\n"
        "  CA certificate     {}\n"
        "  connection string  {}\n"
        "ready\n",
        RESTANTE_VERSION, ports.hostname, ports.mqtt, ports.amqp, ports.https,
        server.directory().ca_path().string(), server.connection_string());
    std::fflush(stdout);

    int signal = 0;
    sigwait(&signals, &signal);
    fmt::print("stopping\n");
    std::fflush(stdout);
}

std::string policy_connection_string(const std::filesystem::path& data_dir,
                                     std::string_view policy) {
    const auto directory = DataDirectory::open(data_dir);
    const auto policies = directory.policies();
    const auto* found = auth::find(policies, policy);
    if (found == nullptr) {
        std::string names;
        for (const auto& known : policies) {
            names += (names.empty() ? "" : ", ") + known.name;
        }
        throw UsageError(
            fmt::format("the hub has no policy '{}'; its policies are {}", policy, names));
    }
    return fmt::format("HostName={};SharedAccessKeyName={};SharedAccessKey={}",
                       directory.ports().hostname, found->name, found->primary_key);
}

std::string device_connection_string(const std::filesystem::path& data_dir,
                                     std::string_view device) {
    const auto directory = DataDirectory::open(data_dir);
    const auto id = model::DeviceId::parse(device);
    if (!id) throw UsageError(id.error().message);
    auto engine = store::RocksDbEngine::open_read_only(directory.store_path());
    if (!engine) throw UsageError(engine.error().message);
    const auto identity = store::Store(**engine).read_device(*id);
    if (!identity) throw UsageError(identity.error().message);
    const auto& key = identity->authentication.symmetric_key.primary;
    if (key.empty()) {
        throw UsageError(
            fmt::format("device '{}' authenticates by certificate and has no key", device));
    }
    return fmt::format("HostName={};DeviceId={};SharedAccessKey={}", directory.ports().hostname,
                       id->value(), key);
}

}  // namespace restante::server
