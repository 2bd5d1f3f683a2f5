#include "tls_server.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "common/tls_link.hpp"
#include "net/tls.hpp"

namespace restante::limits {
namespace {

using bench::check;
using bench::Descriptor;
using bench::Step;

constexpr int events_max = 256;
/// Connections taken before those that are there get their turn.
constexpr int accept_turn = 64;
/// The payload of the largest record.
constexpr std::size_t read_bytes = 16 * 1024;

Descriptor listen_on(std::uint16_t port) {
    Descriptor socket(check(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
                            "cannot make a socket"));
    const int on = 1;
    check(::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "SO_REUSEADDR");
    check(::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on), "SO_REUSEPORT");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    check(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
          fmt::format("cannot listen on 127.0.0.1 port {}", port));
    check(::listen(socket.get(), SOMAXCONN), "cannot listen");
    return socket;
}

std::uint16_t port_of(const Descriptor& socket) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    check(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size),
          "cannot tell the port");
    return ntohs(address.sin_port);
}

/// Readable from the first such signal on, for every thread: nobody takes it out.
Descriptor signal_of_the_end() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    check(::sigprocmask(SIG_BLOCK, &signals, nullptr), "cannot block signals");
    return Descriptor(check(::signalfd(-1, &signals, SFD_CLOEXEC), "cannot wait for signals"));
}

struct Connection {
    explicit Connection(bench::TlsLink tls) : link(std::move(tls)) {}

    bench::TlsLink link;
    bool established = false;
    bool waits_to_write = false;
    Bytes unsent;
};

/// One thread's share of the connections.
class Worker {
  public:
    Worker(ssl_ctx_st* context, Descriptor listener, const Descriptor& end)
        : context_(context),
          listener_(std::move(listener)),
          end_(end.get()),
          epoll_(check(::epoll_create1(EPOLL_CLOEXEC), "cannot make an epoll")) {
        watch(EPOLL_CTL_ADD, listener_.get(), EPOLLIN);
        watch(EPOLL_CTL_ADD, end_, EPOLLIN);
    }

    void run() {
        std::array<epoll_event, events_max> events;
        while (true) {
            const int count = ::epoll_wait(epoll_.get(), events.data(), events_max, -1);
            if (count < 0 && errno != EINTR) bench::throw_errno("cannot wait for events");
            for (int i = 0; i < count; ++i) {
                const int descriptor = events[static_cast<std::size_t>(i)].data.fd;
                if (descriptor == end_) return;
                descriptor == listener_.get() ? accept() : serve(descriptor);
            }
        }
    }

    const TlsServerFigures& figures() const { return figures_; }

  private:
    void watch(int verb, int descriptor, std::uint32_t what) {
        epoll_event event{};
        event.events = what;
        event.data.fd = descriptor;
        check(::epoll_ctl(epoll_.get(), verb, descriptor, &event), "cannot watch a descriptor");
    }

    void accept() {
        for (int i = 0; i < accept_turn; ++i) {
            Descriptor socket(
                ::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
            if (socket.get() < 0) {
                if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return;
                bench::throw_errno("cannot accept a connection");
            }
            const int descriptor = socket.get();
            const int on = 1;
            ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            const auto at = static_cast<std::size_t>(descriptor);
            if (connections_.size() <= at) connections_.resize(at + 1);
            connections_[at] =
                std::make_unique<Connection>(bench::TlsLink(context_, std::move(socket)));
            SSL_set_accept_state(connections_[at]->link.native());
            watch(EPOLL_CTL_ADD, descriptor, EPOLLIN);
        }
    }

    void serve(int descriptor) {
        auto& slot = connections_[static_cast<std::size_t>(descriptor)];
        if (!slot) return;
        const Step step = advance(*slot);
        if (step == Step::closed || step == Step::failed) {
            if (!slot->established) ++figures_.failed;
            if (step == Step::closed) slot->link.say_goodbye();
            slot.reset();
        } else if (const bool waits = step == Step::want_write; waits != slot->waits_to_write) {
            slot->waits_to_write = waits;
            watch(EPOLL_CTL_MOD, descriptor, waits ? EPOLLOUT : EPOLLIN);
        }
    }

    /// The step it ended with. Reads again only when OpenSSL has more already: the socket tells
    /// when it has, so no call is made to learn that it has nothing.
    Step advance(Connection& connection) {
        if (!connection.established) {
            const Step step = connection.link.handshake();
            if (step != Step::done) return step;
            connection.established = true;
            ++figures_.handshakes;
            figures_.resumed += connection.link.is_resumed() ? 1 : 0;
            if (!connection.link.has_pending()) return Step::want_read;
        }
        do {
            if (const Step step = flush(connection); step != Step::done) return step;
            std::size_t bytes = 0;
            const Step step = connection.link.read(buffer_, bytes);
            if (step != Step::done) return step;
            connection.unsent.assign(buffer_.begin(),
                                     buffer_.begin() + static_cast<std::ptrdiff_t>(bytes));
            if (const Step sent = flush(connection); sent != Step::done) return sent;
        } while (connection.link.has_pending());
        return Step::want_read;
    }

    Step flush(Connection& connection) {
        while (!connection.unsent.empty()) {
            std::size_t bytes = 0;
            const Step step = connection.link.write(connection.unsent, bytes);
            if (step != Step::done) return step;
            connection.unsent.erase(connection.unsent.begin(),
                                    connection.unsent.begin() + static_cast<std::ptrdiff_t>(bytes));
        }
        return Step::done;
    }

    ssl_ctx_st* context_;
    Descriptor listener_;
    int end_;
    Descriptor epoll_;
    std::array<std::uint8_t, read_bytes> buffer_;
    std::vector<std::unique_ptr<Connection>> connections_;  ///< by descriptor
    TlsServerFigures figures_;
};

void run_all(std::vector<std::unique_ptr<Worker>>& workers) {
    std::vector<std::exception_ptr> failures(workers.size());
    const auto run = [&](std::size_t i) {
        try {
            workers[i]->run();
        } catch (...) {
            failures[i] = std::current_exception();
            ::kill(::getpid(), SIGTERM);  // one thread alone would measure something else
        }
    };
    std::vector<std::thread> threads;
    for (std::size_t i = 1; i < workers.size(); ++i) threads.emplace_back(run, i);
    run(0);
    for (auto& thread : threads) thread.join();
    for (const auto& failure : failures) {
        if (failure) std::rethrow_exception(failure);
    }
}

}  // namespace

TlsServerFigures run_tls_server(const TlsServerPlan& plan) {
    const auto tls = net::TlsServer::from_files(plan.certificate_file, plan.key_file, {});
    if (!tls) throw std::runtime_error(tls.error().message);
    const Descriptor end = signal_of_the_end();
    Descriptor first = listen_on(plan.port);
    const std::uint16_t port = port_of(first);
    std::vector<std::unique_ptr<Worker>> workers;
    workers.push_back(std::make_unique<Worker>((*tls)->native(), std::move(first), end));
    while (workers.size() < plan.threads) {
        workers.push_back(std::make_unique<Worker>((*tls)->native(), listen_on(port), end));
    }
    fmt::print("{{\"port\":{}}}\n", port);
    std::fflush(stdout);
    run_all(workers);
    TlsServerFigures all;
    for (const auto& worker : workers) {
        all.handshakes += worker->figures().handshakes;
        all.resumed += worker->figures().resumed;
        all.failed += worker->figures().failed;
    }
    return all;
}

}  // namespace restante::limits
