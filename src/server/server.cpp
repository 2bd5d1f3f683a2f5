#include "server/server.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <new>
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

}  // namespace

Server::Server(const Config& config, LogSink& sink, const Clock& clock)
    : clock_(clock),
      log_(sink, clock, config.log_level),
      directory_(DataDirectory::create(config.data_dir)),
      admission_(std::make_shared<net::Admission>(config.unproved_connections_per_address_max)) {
    raise_descriptor_limit();
    directory_.prepare_policies();
    keyring_ = std::make_unique<KeyringFiles>(directory_, log_, [this](auth::Keyring keyring) {
        access_->replace_keyring(std::move(keyring));
    });
    if (config.tls_certificate.empty()) {
        directory_.prepare_certificate_authority(clock.now().wall);
    }
    certificate_ = std::make_unique<ServerCertificate>(config, directory_, clock_, log_,
                                                       [this](const auto& tls) {
                                                           for (auto& listener : listeners_)
                                                               listener->replace_tls(tls);
                                                       });
    auto engine = store::RocksDbEngine::open(directory_.store_path());
    if (!engine) throw UsageError(engine.error().message);
    engine_ = std::move(*engine);
    store_ = std::make_unique<store::Store>(*engine_);
    hub_ = std::make_unique<hub::Hub>(*store_, clock_, log_, config.rules);
    if (auto started = hub_->start(); !started) throw std::runtime_error(started.error().message);
    access_ = std::make_unique<gateway::Access>(*hub_, keyring_->keyring(), clock_, log_,
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
    if (certificate_->is_owners()) {
        ports_.certificate = std::filesystem::absolute(certificate_->trust_file()).string();
    }
    directory_.write_ports(ports_);
    log_.info("started", {{"hostname", config.hostname},
                          {"mqtt", ports_.mqtt},
                          {"amqp", ports_.amqp},
                          {"https", ports_.https}});
}

Server::~Server() {
    for (auto& listener : listeners_) listener->stop();
    if (loops_) loops_->stop();
    if (hub_) hub_->stop();
}

void Server::look_for_changes() {
    keyring_->look();
    certificate_->look();
}

void Server::reload() {
    keyring_->reload();
    certificate_->reload();
    log_.info("reloaded", {{"policies", keyring_->keyring().policies.size()},
                           {"authorities", keyring_->keyring().authorities.size()}});
}

std::string Server::connection_string() const {
    const auto* owner = auth::find(keyring_->keyring().policies, "iothubowner");
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
            auto listener = net::Listener::start(*loops_, clock_, log_,
                                                 {.address = address,
                                                  .port = bound_port,
                                                  .tls = certificate_->tls(),
                                                  .session = factory,
                                                  .admission = admission_});
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

namespace {

/// How often the hub looks for changes of its files: what the owner changes counts within a second.
constexpr timespec look_interval{.tv_sec = 0, .tv_nsec = 500'000'000};

/// Until SIGTERM or SIGINT. The waiting thread is the one that has nothing else to do, so it looks
/// after the files too.
void run_until_told(Server& server, const sigset_t& signals) {
    while (true) {
        const int signal = sigtimedwait(&signals, nullptr, &look_interval);
        if (signal == SIGTERM || signal == SIGINT) return;
        if (signal == SIGHUP) {
            server.reload();
        } else {
            server.look_for_changes();
        }
    }
}

/// Going on could leave a decision half made. What the disk holds is whole, and whoever watches
/// over the process starts it again. Written without memory.
[[noreturn]] void stop_out_of_memory() {
    constexpr std::string_view text =
        "restante: out of memory; what was acknowledged is on disk: give the hub more memory and "
        "start it again\n";
    static_cast<void>(::write(STDERR_FILENO, text.data(), text.size()));
    std::_Exit(EXIT_FAILURE);
}

}  // namespace

void serve(const Config& config) {
    std::set_new_handler(stop_out_of_memory);
    // Threads inherit the mask, so the signals wait for sigwait() below.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    umask(S_IRWXG | S_IRWXO);

    StderrSink sink;
    const SystemClock clock;
    Server server(config, sink, clock);
    const Ports& ports = server.ports();
    fmt::print(
        "Restante {}\n"
        "  hub                {}\n"
        "  ports              MQTT {}, AMQP {}, HTTPS {}\n"
        "  clients trust      {}\n"
        "  connection string  {}\n"
        "ready\n",
        RESTANTE_VERSION, ports.hostname, ports.mqtt, ports.amqp, ports.https, server.trust_file(),
        server.connection_string());
    std::fflush(stdout);

    run_until_told(server, signals);
    fmt::print("stopping\n");
    std::fflush(stdout);
}

std::string policy_connection_string(const std::filesystem::path& data_dir,
                                     std::string_view policy) {
    const auto directory = DataDirectory::open(data_dir);
    const auto policies = directory.policies();
    if (!policies) throw UsageError(policies.error().message);
    const auto* found = auth::find(*policies, policy);
    if (found == nullptr) {
        std::string names;
        for (const auto& known : *policies) {
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
