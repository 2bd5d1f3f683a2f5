#include "net/listener.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <optional>
#include <utility>

#include "base/assert.hpp"
#include "net/connection.hpp"
#include "net/loop.hpp"
#include "net/loops.hpp"
#include "net/peer_address.hpp"

namespace restante::net {
namespace {

using asio::ip::tcp;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;

// Connections taken before others on the accepting loop get their turn.
constexpr int accept_turn = 64;

/// An accepted socket on its way to its loop; closed if it never arrives.
class Descriptor {
  public:
    explicit Descriptor(int value) : value_(value) {}
    Descriptor(Descriptor&& other) noexcept : value_(other.release()) {}
    Descriptor& operator=(Descriptor&&) = delete;
    ~Descriptor() {
        if (value_ >= 0) ::close(value_);
    }
    int release() { return std::exchange(value_, -1); }

  private:
    int value_;
};

std::unexpected<Error> refuse(const ListenerOptions& options, int error) {
    const auto cause = [&]() -> std::string {
        switch (error) {
            case EADDRINUSE:
                return "address already in use; another program, or another hub, listens there";
            case EACCES:
            case EPERM:
                return options.port < 1024
                           ? "permission denied; ports below 1024 need root or the capability "
                             "CAP_NET_BIND_SERVICE"
                           : "permission denied";
            case EADDRNOTAVAIL:
                return "this machine has no such address";
            case EAFNOSUPPORT:
                return "this machine has no IPv6; listen on 0.0.0.0";
            default:
                return std::strerror(error);
        }
    }();
    return fail(ErrorCode::connection_failed, fmt::format("cannot listen on {} port {}: {}",
                                                          options.address, options.port, cause));
}

}  // namespace

/// What the listener and its connections share. Counted by both, so that neither has to wait for
/// the other to be destroyed.
class Listener::State : public std::enable_shared_from_this<State> {
  public:
    State(Loops& loops, const Clock& clock, const Logger& logger, ListenerOptions options)
        : loops_(loops),
          loop_(loops.next()),
          clock_(clock),
          logger_(logger),
          options_(std::move(options)),
          tls_(options_.tls) {
        acceptor_.emplace(loop_.context());
        pause_.emplace(loop_.context());
    }

    Result<void> bind();
    void begin() {
        loop_.post([self = shared_from_this()] { self->wait(); });
    }
    void stop();

    std::shared_ptr<const TlsServer> tls() const {
        const std::lock_guard lock(mutex_);
        return tls_;
    }
    void replace_tls(std::shared_ptr<const TlsServer> tls) {
        const std::lock_guard lock(mutex_);
        tls_ = std::move(tls);
    }
    const ListenerOptions& options() const { return options_; }
    const Clock& clock() const { return clock_; }
    const Logger& logger() const { return logger_; }
    std::uint16_t port() const { return port_; }
    std::atomic<std::size_t>& connections() { return connections_; }

  private:
    void wait();
    void accept();
    void hand_over(Descriptor socket, const tcp::endpoint& peer);
    void log_refusal(const tcp::endpoint& peer);
    void pause(int error);

    Loops& loops_;
    Loop& loop_;  // where it accepts
    const Clock& clock_;
    const Logger logger_;
    const ListenerOptions options_;
    mutable std::mutex mutex_;
    std::shared_ptr<const TlsServer> tls_;  // shared by the handshakes under way
    // Used on loop_ only. Empty once stopped: connections keep this State until their loops go,
    // and this loop may go first.
    std::optional<Acceptor> acceptor_;
    std::optional<Timer> pause_;
    std::uint16_t port_ = 0;
    std::atomic<std::size_t> connections_{0};
    bool full_ = false;  // has been logged
};

/// The server's end of one connection.
class Listener::Accepted final : public Connection {
  public:
    Accepted(Loop& loop, std::shared_ptr<State> state, Admission::Ticket ticket)
        : Connection(loop, state->clock(), state->options().connection),
          state_(std::move(state)),
          ticket_(std::move(ticket)) {}
    ~Accepted() override { state_->connections().fetch_sub(1, std::memory_order_relaxed); }

    void begin(Descriptor socket, const tcp::endpoint& peer) {
        peer_ = peer;
        boost::system::error_code error;
        const int descriptor = socket.release();
        socket_.assign(peer.protocol(), descriptor, error);
        if (error) {
            ::close(descriptor);
            return end(Error(ErrorCode::connection_failed, error.message()), Farewell::none);
        }
        if (!join_loop()) return;
        tls_.emplace(state_->tls(), descriptor);
        set_deadline(options_.handshake_timeout);
        start_handshake();
    }

    const void* group() const override { return state_.get(); }

  private:
    void on_established() override { session_ = state_->options().session(); }

    void on_proved() override { ticket_.reset(); }

    void on_end(Stage stage, const Error& reason) override {
        if (stage != Stage::handshaking || reason.code == ErrorCode::cancelled) return;
        const Logger& logger = state_->logger();
        if (tls_->has_heard_peer()) {
            logger.warning(
                "tls_handshake_failed",
                {{"port", state_->port()}, {"peer", to_text(peer_)}, {"reason", reason.message}});
        } else {
            // A health check or a port scan: it connects and says nothing.
            logger.debug("silent_connection", {{"port", state_->port()}, {"peer", to_text(peer_)}});
        }
    }

    std::shared_ptr<State> state_;             // shared with the listener
    std::optional<Admission::Ticket> ticket_;  // until the peer has proved who it is
};

Result<void> Listener::State::bind() {
    boost::system::error_code error;
    const auto address = asio::ip::make_address(options_.address, error);
    if (error) {
        return fail(ErrorCode::argument_invalid,
                    fmt::format("cannot listen on \"{}\": not an IPv4 or IPv6 address; for a name, "
                                "give the address it stands for",
                                options_.address));
    }
    const tcp::endpoint endpoint(address, options_.port);
    acceptor_->open(endpoint.protocol(), error);
    if (error) return refuse(options_, error.value());
    acceptor_->set_option(Acceptor::reuse_address(true), error);
    if (address.is_v6()) acceptor_->set_option(asio::ip::v6_only(!address.is_unspecified()), error);
    if (!error) acceptor_->bind(endpoint, error);
    if (!error) acceptor_->listen(Acceptor::max_listen_connections, error);
    if (!error) acceptor_->native_non_blocking(true, error);
    if (error) return refuse(options_, error.value());
    port_ = acceptor_->local_endpoint(error).port();
    return {};
}

void Listener::State::wait() {
    if (!acceptor_) return;
    acceptor_->async_wait(Acceptor::wait_read,
                          [self = shared_from_this()](boost::system::error_code error) {
                              if (!error && self->acceptor_) self->accept();
                          });
}

void Listener::State::accept() {
    for (int taken = 0; taken < accept_turn; ++taken) {
        tcp::endpoint peer;
        auto length = static_cast<socklen_t>(peer.capacity());
        const int accepted = ::accept4(acceptor_->native_handle(), peer.data(), &length,
                                       SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted >= 0) {
            peer.resize(length);
            hand_over(Descriptor(accepted), peer);
            continue;
        }
        switch (errno) {
            case EAGAIN:
                return wait();
            // The peer gave up while it queued, or the network did for it (accept(2)).
            case EINTR:
            case ECONNABORTED:
            case EPROTO:
            case ENETDOWN:
            case ENETUNREACH:
            case EHOSTDOWN:
            case EHOSTUNREACH:
            case EPERM:
                continue;
            default:
                return pause(errno);
        }
    }
    wait();
}

void Listener::State::hand_over(Descriptor socket, const tcp::endpoint& peer) {
    if (connections_.load(std::memory_order_relaxed) >= options_.connections_max) {
        if (!std::exchange(full_, true)) {
            logger_.warning("connections_exhausted",
                            {{"port", port_}, {"connections_max", options_.connections_max}});
        }
        return;
    }
    full_ = false;
    auto ticket = options_.admission->admit(peer.address());
    if (!ticket) {
        if (ticket.error() == Admission::Refusal::first) log_refusal(peer);
        return;
    }
    connections_.fetch_add(1, std::memory_order_relaxed);
    Loop& loop = loops_.next();
    auto connection = std::make_shared<Accepted>(loop, shared_from_this(), *std::move(ticket));
    loop.post([connection = std::move(connection), socket = std::move(socket), peer]() mutable {
        connection->begin(std::move(socket), peer);
    });
}

void Listener::State::log_refusal(const tcp::endpoint& peer) {
    logger_.warning(
        "connection_refused",
        {{"port", port_},
         {"peer", to_text(peer)},
         {"reason",
          fmt::format("{} connections of this address have not proved who they are; if they are "
                      "devices behind one address, raise unproved-connections-per-address-max",
                      options_.admission->per_address_max())}});
}

void Listener::State::pause(int error) {
    logger_.error("accept_paused", {{"port", port_},
                                    {"pause_ms", options_.accept_pause.count()},
                                    {"reason", std::strerror(error)}});
    pause_->expires_after(options_.accept_pause);
    pause_->async_wait([self = shared_from_this()](boost::system::error_code cancelled) {
        if (!cancelled) self->wait();
    });
}

void Listener::State::stop() {
    const auto close = [this] {
        acceptor_.reset();
        pause_.reset();
    };
    if (!loop_.run(close)) close();  // its thread has been joined
    // Nothing new is handed over now, and what was handed over comes before this on each loop.
    for (std::size_t i = 0; i < loops_.size(); ++i) {
        Loop& loop = loops_.at(i);
        loop.run([this, &loop] {
            loop.close_connections(this, Error(ErrorCode::cancelled, "the hub is shutting down"));
        });
    }
}

Result<std::unique_ptr<Listener>> Listener::start(Loops& loops, const Clock& clock,
                                                  const Logger& logger, ListenerOptions options) {
    RESTANTE_ASSERT(options.tls != nullptr && options.session != nullptr &&
                    options.admission != nullptr);
    auto state = std::make_shared<State>(loops, clock, logger, std::move(options));
    if (auto bound = state->bind(); !bound) return std::unexpected(bound.error());
    state->begin();
    return std::unique_ptr<Listener>(new Listener(std::move(state)));
}

Listener::Listener(std::shared_ptr<State> state) : state_(std::move(state)) {}

Listener::~Listener() {
    stop();
}

std::uint16_t Listener::port() const {
    return state_->port();
}

std::size_t Listener::connections() const {
    return state_->connections().load(std::memory_order_relaxed);
}

void Listener::replace_tls(std::shared_ptr<const TlsServer> tls) {
    state_->replace_tls(std::move(tls));
}

void Listener::stop() {
    state_->stop();
}

}  // namespace restante::net
