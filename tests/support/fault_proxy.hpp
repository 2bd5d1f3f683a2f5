#pragma once
// The network between a client and its hub, which fails when a test says so: a TCP proxy from a
// free port of 127.0.0.1 to the hub's.
//
//     client ──▶ FaultProxy ──▶ hub        to_hub: what the client says
//            ◀──            ◀──            to_client: what the hub answers
//
// The test owns it. One thread of its own moves the bytes and makes the faults; a command has
// happened when it returns. Commands concern the connections that stand at that moment: later ones
// are whole. What passes is counted, and a test waits for a count, so no test has to sleep.

#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace restante::test {

enum class Direction : std::uint8_t { to_hub, to_client };

/// What a proxy has seen since it began.
struct ProxyCounts {
    std::size_t connections = 0;         ///< passed on to the hub
    std::size_t ended = 0;               ///< of those, closed by the client and by the hub
    std::size_t refused = 0;             ///< closed at once, because refuse() said so
    std::size_t ignored = 0;             ///< left without a word, because ignore() said so
    std::size_t corrupted = 0;           ///< pieces changed on their way
    std::size_t kept = 0;                ///< pieces that wait until another fault decides
    std::array<std::size_t, 2> bytes{};  ///< passed on, by direction
    std::size_t bytes_to(Direction way) const { return bytes[static_cast<std::size_t>(way)]; }
};

class FaultProxy {
  public:
    /// How long a wait may take; only a failing test exhausts it.
    static constexpr std::chrono::seconds patience{60};

    explicit FaultProxy(std::uint16_t hub_port);
    ~FaultProxy();
    FaultProxy(const FaultProxy&) = delete;
    FaultProxy& operator=(const FaultProxy&) = delete;

    std::uint16_t port() const { return port_; }

    // -- faults ----------------------------------------------------------------------------------

    /// Both sides hear that no more will come (FIN).
    void cut();
    /// Both sides hear that the connection is gone (RST).
    void reset();
    /// Nothing passes any more, and nobody hears why: the sockets stay open.
    void stall();
    /// The hub's side is closed; the client's stays, and what the client says is lost.
    void half_open();
    /// From now on each piece arrives this much later, and all of them do.
    void delay(std::chrono::milliseconds each);
    /// One bit of the next piece that the hub says is changed.
    void corrupt();
    /// The next connections, so many of them, are closed as soon as they have come.
    void refuse(std::size_t count);
    /// The next connections, so many of them, are taken, and nothing answers.
    void ignore(std::size_t count);

    /// Once the client has said `bytes` more, what the hub says is kept back: until delay() or
    /// corrupt() lets it go, or another fault loses it.
    void hold_answer(std::size_t bytes);

    // -- what happens ----------------------------------------------------------------------------

    ProxyCounts counts() const;
    /// Waits until `condition` holds of the counts; false when it still does not after `patience`.
    bool wait(const std::function<bool(const ProxyCounts&)>& condition) const;

  private:
    class Link;
    using Socket = boost::asio::ip::tcp::socket;

    void accept();
    void take(Socket client);
    /// Does it on the proxy's thread, and returns when it is done.
    void run(const std::function<void()>& work);
    void each_link(const std::function<void(Link&)>& work);
    void note(const std::function<void(ProxyCounts&)>& change);
    void forget(const Link& link);

    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
    boost::asio::ip::tcp::acceptor acceptor_;
    const std::uint16_t port_;
    const std::uint16_t hub_port_;

    // On the thread.
    std::size_t to_refuse_ = 0;
    std::size_t to_ignore_ = 0;
    std::vector<Socket> ignored_;
    std::vector<std::shared_ptr<Link>> links_;  // shared with what each has under way

    mutable std::mutex mutex_;  // guards counts_
    mutable std::condition_variable changed_;
    ProxyCounts counts_;
    std::thread thread_;
};

}  // namespace restante::test
