#include "net/connector.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "base/text.hpp"
#include "net/connection.hpp"
#include "net/loop.hpp"
#include "net/peer_address.hpp"

namespace restante::net {
namespace {

using asio::ip::tcp;

// Addresses of one host that are tried, in the order the system prefers (RFC 6724).
constexpr std::size_t addresses_max = 16;
/// Of a proxy's answer, read at a time.
constexpr std::size_t proxy_read_bytes = 1024;

std::string cause_of(const boost::system::error_code& error) {
    switch (error.value()) {
        case ECONNREFUSED:
            return "connection refused; nothing listens there";
        case ENETUNREACH:
        case EHOSTUNREACH:
            return "no route to it";
        default:
            return error.message();
    }
}

/// Owns the options before the base class refers to them.
struct OwnOptions {
    ConnectOptions own;
};

class Outgoing final : private OwnOptions, public Connection {
  public:
    Outgoing(Loop& loop, const Clock& clock, ConnectOptions options,
             std::unique_ptr<Session> session)
        : OwnOptions{std::move(options)},
          Connection(loop, clock, own.connection),
          resolver_(loop.context()),
          attempt_timer_(loop.context()) {
        session_ = std::move(session);
    }

    void begin();
    void refuse() {
        end(Error(ErrorCode::cancelled, "the program is shutting down"), Farewell::none);
    }

  private:
    using Resolver = asio::ip::basic_resolver<tcp, Executor>;

    void resolve();
    void try_next();
    void connected(const boost::system::error_code& error);
    void ask_proxy();
    void await_proxy();
    void on_proxy_answer(const boost::system::error_code& error, std::size_t bytes);
    void lose_proxy(const boost::system::error_code& error);
    void begin_tls();
    const std::string& dialled_host() const { return own.proxy ? own.proxy->host : own.host; }
    std::uint16_t dialled_port() const { return own.proxy ? own.proxy->port : own.port; }
    std::string dialled() const {
        return own.proxy ? own.proxy->name() : fmt::format("{} port {}", own.host, own.port);
    }
    void give_up();
    std::shared_ptr<Outgoing> self() {
        return std::static_pointer_cast<Outgoing>(shared_from_this());
    }

    void on_established() override { attempt_timer_.cancel(); }
    void on_end(Stage, const Error&) override {
        resolver_.cancel();
        attempt_timer_.cancel();
    }
    Error deadline_error(Stage stage) const override;

    Resolver resolver_;
    Timer attempt_timer_;
    std::vector<tcp::endpoint> addresses_;
    std::size_t next_ = 0;
    bool attempt_timed_out_ = false;
    std::string last_failure_;
    std::optional<ProxyHandshake> proxy_;  ///< while it lasts
    Bytes proxy_output_;
    Bytes proxy_input_;  // empty but while the proxy is asked
};

void Outgoing::begin() {
    if (stage_ != Stage::connecting || !join_loop()) return;
    set_deadline(own.timeout);
    boost::system::error_code not_an_address;
    std::string_view host = dialled_host();
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    }
    const auto address = asio::ip::make_address(host, not_an_address);
    if (!not_an_address) {
        addresses_.emplace_back(address, dialled_port());
    } else if (to_lower(host).ends_with(".localhost")) {
        // RFC 6761 6.3: always this machine, whatever the system's resolver knows.
        addresses_.emplace_back(asio::ip::address_v4::loopback(), dialled_port());
        addresses_.emplace_back(asio::ip::address_v6::loopback(), dialled_port());
    } else {
        return resolve();
    }
    try_next();
}

void Outgoing::resolve() {
    resolver_.async_resolve(
        dialled_host(), std::to_string(dialled_port()), Resolver::numeric_service,
        [self = self()](const boost::system::error_code& error,
                        const Resolver::results_type& results) {
            if (self->stage_ != Stage::connecting) return;
            if (error) {
                return self->end(Error(ErrorCode::connection_failed,
                                       fmt::format("host not found: \"{}\" ({})",
                                                   self->dialled_host(), error.message())),
                                 Farewell::none);
            }
            for (const auto& entry : results) {
                if (self->addresses_.size() == addresses_max) break;
                self->addresses_.push_back(entry.endpoint());
            }
            self->try_next();
        });
}

void Outgoing::try_next() {
    if (next_ == addresses_.size()) return give_up();
    peer_ = addresses_[next_++];
    attempt_timed_out_ = false;
    boost::system::error_code error;
    socket_.close(error);
    socket_.open(peer_.protocol(), error);
    if (!error) socket_.native_non_blocking(true, error);
    if (error) {
        // This machine may lack the address's family; another address may do.
        last_failure_ = fmt::format("{}: {}", to_text(peer_), error.message());
        return try_next();
    }
    attempt_timer_.expires_after(own.address_timeout);
    attempt_timer_.async_wait([self = self(), attempt = next_](const auto& cancelled) {
        if (cancelled || self->stage_ != Stage::connecting || self->next_ != attempt) return;
        self->attempt_timed_out_ = true;
        boost::system::error_code ignored;
        self->socket_.cancel(ignored);
    });
    socket_.async_connect(peer_, [self = self()](const boost::system::error_code& result) {
        self->connected(result);
    });
}

void Outgoing::connected(const boost::system::error_code& error) {
    if (stage_ != Stage::connecting) return;
    attempt_timer_.cancel();
    if (error) {
        last_failure_ = fmt::format(
            "{}: {}", to_text(peer_),
            attempt_timed_out_ ? fmt::format("no answer within {} ms", own.address_timeout.count())
                               : cause_of(error));
        return try_next();
    }
    if (!own.proxy) return begin_tls();
    proxy_.emplace(*own.proxy, own.host, own.port);
    proxy_input_.resize(proxy_read_bytes);
    ask_proxy();
}

void Outgoing::ask_proxy() {
    proxy_output_ = proxy_->take_output();
    if (proxy_output_.empty()) return await_proxy();
    asio::async_write(socket_, asio::buffer(proxy_output_),
                      [self = self()](const boost::system::error_code& error, std::size_t) {
                          if (self->stage_ != Stage::connecting) return;
                          error ? self->lose_proxy(error) : self->await_proxy();
                      });
}

void Outgoing::await_proxy() {
    socket_.async_read_some(
        asio::buffer(proxy_input_),
        [self = self()](const boost::system::error_code& error, std::size_t bytes) {
            if (self->stage_ == Stage::connecting) self->on_proxy_answer(error, bytes);
        });
}

void Outgoing::on_proxy_answer(const boost::system::error_code& error, std::size_t bytes) {
    if (error) return lose_proxy(error);
    const auto open = proxy_->receive(BytesView(proxy_input_).first(bytes));
    if (!open) return end(open.error(), Farewell::none);
    if (!*open) return ask_proxy();
    proxy_.reset();
    proxy_output_ = Bytes();
    proxy_input_ = Bytes();
    begin_tls();
}

void Outgoing::lose_proxy(const boost::system::error_code& error) {
    end(Error(ErrorCode::connection_failed,
              fmt::format("{} closed the connection without an answer ({})", dialled(),
                          error.message())),
        Farewell::none);
}

void Outgoing::begin_tls() {
    tls_.emplace(*own.tls, socket_.native_handle(), own.host);
    start_handshake();
}

void Outgoing::give_up() {
    std::string message = fmt::format("cannot connect to {}: {}", dialled(), last_failure_);
    if (addresses_.size() > 1) {
        message += fmt::format(" (the last of {} addresses tried)", addresses_.size());
    }
    end(Error(ErrorCode::connection_failed, std::move(message)), Farewell::none);
}

Error Outgoing::deadline_error(Stage stage) const {
    if (stage == Stage::open) return Connection::deadline_error(stage);
    if (stage == Stage::handshaking) {
        return Error(ErrorCode::tls_failed,
                     fmt::format("timed out after {} ms: {} answers, but has not completed the TLS "
                                 "handshake",
                                 own.timeout.count(), to_text(peer_)));
    }
    if (proxy_) {
        return Error(ErrorCode::connection_failed,
                     fmt::format("timed out after {} ms waiting for the answer of {}",
                                 own.timeout.count(), dialled()));
    }
    return Error(ErrorCode::connection_failed,
                 addresses_.empty()
                     ? fmt::format("timed out after {} ms looking up the host \"{}\"",
                                   own.timeout.count(), dialled_host())
                     : fmt::format("timed out after {} ms connecting to {} ({})",
                                   own.timeout.count(), dialled_host(), to_text(peer_)));
}

}  // namespace

ConnectionHandle connect(Loop& loop, const Clock& clock, ConnectOptions options,
                         std::unique_ptr<Session> session) {
    RESTANTE_ASSERT(options.tls != nullptr && session != nullptr);
    const auto connection =
        std::make_shared<Outgoing>(loop, clock, std::move(options), std::move(session));
    auto handle = connection->handle();
    if (!loop.post([connection] { connection->begin(); })) connection->refuse();
    return handle;
}

}  // namespace restante::net
