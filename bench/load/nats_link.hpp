#pragma once
// A sender on NATS' own protocol, to a JetStream stream: each PUB names an inbox, where the
// stream's PubAck arrives. With its own socket, because this protocol begins before TLS does.
//
//     INFO ◀─ plain ─ TLS ─▶ CONNECT, SUB, PING ─▶ PONG ─▶ PUB ... MSG
//
// Kept alive by what it waits for; that has ended when it tells ended().

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <memory>
#include <string>
#include <unordered_set>

#include "sender_link.hpp"

namespace restante::load {

class NatsLink final : public SenderLink, public std::enable_shared_from_this<NatsLink> {
  public:
    NatsLink(Broker& broker, const Options& options, std::size_t window, SenderOwner& owner);

    /// Soon: ended() does not come inside this call.
    void start();

    bool can_send() const override { return ready_ && waiting_.size() < window_; }
    Result<void> send(const Member& to, BytesView body, std::uint64_t ticket) override;
    void run(net::Work work) override;
    void leave() override;

  private:
    using Tcp = boost::asio::ip::tcp;
    using ErrorOf = boost::system::error_code;

    void connect();
    void read_greeting();
    void shake_hands();
    void introduce();
    void read();
    /// Takes whole commands out of what has been read; false after the end.
    bool take_commands();
    void take(std::string_view command);
    /// The bytes of a MSG whose command line ends at `at`; nullopt when they are not all there.
    std::optional<std::size_t> take_message(std::string_view command, std::size_t at);
    void write();
    void fail_with(std::string_view doing, std::string_view cause);
    void finish(std::optional<Error> fault);

    Broker& broker_;
    const Options& options_;
    const std::size_t window_;
    SenderOwner& owner_;
    const std::string inbox_;
    boost::asio::ssl::context tls_{boost::asio::ssl::context::tls_client};
    boost::asio::ssl::stream<Tcp::socket> stream_;
    std::array<char, 65'536> chunk_{};
    std::string input_;
    std::string output_;
    std::string writing_;
    bool ready_ = false;
    bool finished_ = false;
    std::unordered_set<std::uint64_t> waiting_;
};

}  // namespace restante::load
