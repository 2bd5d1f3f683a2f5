#pragma once
// A proxy in this process: HTTP CONNECT and SOCKS 5, told apart by a client's first byte. Every
// name leads to this machine. It can instead answer with bytes of the test's choice.

#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace restante::test {

class TestProxy {
  public:
    struct Options {
        std::string http_login;  ///< what "Proxy-Authorization: Basic " must be followed by
        std::string user_name, password;  ///< what SOCKS's login must say
        std::string answer;               ///< said at once, instead of being a proxy
        bool closes = false;              ///< and then closes
    };

    TestProxy() : TestProxy(Options()) {}
    explicit TestProxy(Options options)
        : options_(std::move(options)),
          stop_(::eventfd(0, EFD_CLOEXEC)),
          listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address = loopback(0);
        socklen_t length = sizeof address;
        ::bind(listening_, reinterpret_cast<const sockaddr*>(&address), length);
        ::listen(listening_, 16);
        ::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &length);
        port = ntohs(address.sin_port);
        accepting_ = std::thread([this] { accept(); });
    }
    ~TestProxy() {
        const std::uint64_t now = 1;
        [[maybe_unused]] const auto told = ::write(stop_, &now, sizeof now);
        accepting_.join();
        for (auto& each : serving_) each.join();
        ::close(listening_);
        ::close(stop_);
    }
    TestProxy(const TestProxy&) = delete;
    TestProxy& operator=(const TestProxy&) = delete;

    /// Where clients wanted to go, as they said it: "host:port".
    std::vector<std::string> asked() const {
        const std::lock_guard lock(mutex_);
        return asked_;
    }

    std::uint16_t port = 0;

  private:
    static sockaddr_in loopback(std::uint16_t port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return address;
    }

    bool wait(int socket) const {
        std::array<pollfd, 2> waiting{{{socket, POLLIN, 0}, {stop_, POLLIN, 0}}};
        return ::poll(waiting.data(), waiting.size(), -1) > 0 && waiting[1].revents == 0;
    }
    static void send(int socket, std::string_view text) {
        while (!text.empty()) {
            const auto sent = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
            if (sent <= 0) return;
            text.remove_prefix(static_cast<std::size_t>(sent));
        }
    }
    std::string read(int socket, std::size_t bytes) const {
        std::string text;
        while (text.size() < bytes && wait(socket)) {
            char next = 0;
            if (::recv(socket, &next, 1, 0) != 1) return {};
            text += next;
        }
        return text.size() == bytes ? text : std::string();
    }

    void accept() {
        while (wait(listening_)) {
            const int client = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
            if (client < 0) continue;
            serving_.emplace_back([this, client] {
                serve(client);
                ::close(client);
            });
        }
    }

    void serve(int client) {
        if (!options_.answer.empty() || options_.closes) {
            read(client, 1);
            send(client, options_.answer);
            if (!options_.closes) drain(client);
            return;
        }
        const auto first = read(client, 1);
        if (first.empty()) return;
        const std::string target = first == "\x05" ? socks(client) : http(client);
        if (target.empty()) return;
        const int hub = dial(target);
        if (first == "\x05") {
            send(client, std::string("\x05\0\0\x01\0\0\0\0\0\0", 10));
        } else {
            send(client, "HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n");
        }
        splice(client, hub);
        ::close(hub);
    }
    void drain(int client) const {
        std::array<char, 4096> buffer;
        while (wait(client) && ::recv(client, buffer.data(), buffer.size(), 0) > 0) {
        }
    }

    std::string http(int client) {
        std::string head = "C";
        while (!head.ends_with("\r\n\r\n")) {
            const auto next = read(client, 1);
            if (next.empty()) return {};
            head += next;
        }
        const bool known =
            head.contains("Proxy-Authorization: Basic " + options_.http_login + "\r");
        if (!options_.http_login.empty() && !known) {
            send(client, "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
            return {};
        }
        const auto begin = head.find(' ') + 1;
        return note(head.substr(begin, head.find(' ', begin) - begin));
    }

    std::string socks(int client) {
        const auto methods = read(client, static_cast<unsigned char>(read(client, 1)[0]));
        const bool login = !options_.user_name.empty();
        if (!methods.contains(login ? '\x02' : '\0')) {
            send(client, "\x05\xff");
            return {};
        }
        send(client, std::string{'\x05', login ? '\x02' : '\0'});
        if (login && !logs_in(client)) return {};
        const auto request = read(client, 4);
        if (request.empty()) return {};
        std::string host;
        if (request[3] == '\x03') {
            host = read(client, static_cast<unsigned char>(read(client, 1)[0]));
        } else {
            host = read(client, request[3] == '\x01' ? 4 : 16).size() == 4 ? "an IPv4" : "an IPv6";
        }
        const auto bytes = read(client, 2);
        const int number =
            static_cast<unsigned char>(bytes[0]) * 256 + static_cast<unsigned char>(bytes[1]);
        return note(host + ':' + std::to_string(number));
    }
    bool logs_in(int client) const {
        read(client, 1);
        const auto user = read(client, static_cast<unsigned char>(read(client, 1)[0]));
        const auto password = read(client, static_cast<unsigned char>(read(client, 1)[0]));
        const bool right = user == options_.user_name && password == options_.password;
        send(client, std::string{'\x01', right ? '\0' : '\x01'});
        return right;
    }

    std::string note(std::string target) {
        const std::lock_guard lock(mutex_);
        asked_.push_back(target);
        return target;
    }

    static int dial(const std::string& target) {
        const int hub = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        std::uint16_t number = 0;
        const char* const end = target.data() + target.size();
        std::from_chars(target.data() + target.rfind(':') + 1, end, number);
        const auto address = loopback(number);
        ::connect(hub, reinterpret_cast<const sockaddr*>(&address), sizeof address);
        return hub;
    }

    void splice(int one, int other) const {
        std::array<char, 16384> buffer;
        for (;;) {
            std::array<pollfd, 3> waiting{
                {{one, POLLIN, 0}, {other, POLLIN, 0}, {stop_, POLLIN, 0}}};
            if (::poll(waiting.data(), waiting.size(), -1) <= 0 || waiting[2].revents != 0) return;
            for (const auto& [from, to] : {std::pair(0, other), std::pair(1, one)}) {
                if (waiting[static_cast<std::size_t>(from)].revents == 0) continue;
                const auto got = ::recv(waiting[static_cast<std::size_t>(from)].fd, buffer.data(),
                                        buffer.size(), 0);
                if (got <= 0) return;
                send(to, std::string_view(buffer.data(), static_cast<std::size_t>(got)));
            }
        }
    }

    Options options_;
    int stop_;
    int listening_;
    mutable std::mutex mutex_;
    std::vector<std::string> asked_;
    std::list<std::thread> serving_;
    std::thread accepting_;
};

}  // namespace restante::test
