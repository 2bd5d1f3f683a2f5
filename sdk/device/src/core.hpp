#pragma once
// The inside of a device client: it does what the ConnectionMachine decides, on one I/O loop.
//
//     application's threads ──requests──▶ Core on its loop ◀──reports── HubSession
//                                           │      └──decisions── ConnectionMachine
//     application's handlers ◀── Dispatcher ┘
//
// Requests come from any thread and are answered by a future; everything else happens on the loop.
// The client's Impl owns it, together with work that a handler has deferred; it ends by stop(),
// which cannot be called on the loop.

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "configuration.hpp"
#include "connection_machine.hpp"
#include "dispatcher.hpp"
#include "net/loop.hpp"
#include "net/loops.hpp"
#include "protocol/mqtt/client_engine.hpp"

namespace restante::device {

class HubSession;

/// How a request ended: nullopt when it was done.
using Outcome = std::optional<Failure>;

class Core {
  public:
    Core(Configuration configuration, std::shared_ptr<Dispatcher> dispatcher);
    ~Core();
    Core(const Core&) = delete;
    Core& operator=(const Core&) = delete;

    // Requests, from any thread. Each future gets its outcome within a minute or so.

    std::future<Outcome> connect();
    std::future<Outcome> disconnect();
    /// Asks for messages, or for no more of them; done when the hub has answered.
    std::future<Outcome> want_messages(bool wanted);
    /// Wishes for no messages on further connections; changes nothing on this one.
    void forget_messages();
    /// Ends every request that waits for a connection, and refuses further ones.
    void refuse_requests();

    bool connected() const { return connected_.load(); }

    /// Ends the loop and with it any connection. Any thread but the loop's, as often as you like.
    void stop();

    // Reports of the session, on the loop.

    void on_established() { looking_up_ = false; }
    void on_accepted(bool session_present);
    void on_subscribed(bool granted);
    void on_unsubscribed();
    /// `acknowledge` may be called on any thread; empty when the hub expects none.
    void on_message(mqtt::Publish message, std::function<void()> acknowledge);
    void on_ended(Failure failure);

  private:
    using Waiter = std::promise<Outcome>;
    /// What this connection's subscription is known to be.
    enum class Subscription : std::uint8_t { none, requested, standing };

    SteadyTime now() const { return clock_.now().steady; }
    std::future<Outcome> request(std::function<void(Waiter)> work);
    void begin_wanting(Waiter waiter);
    void end_wanting(Waiter waiter);

    void apply(Step step);
    static void answer(std::vector<Waiter>& waiters, const Outcome& outcome);
    void open();
    Result<mqtt::Connect> make_connect();
    void drop_session();
    void end_connection(Failure failure);
    void arm_timer();

    void subscribe();
    void unsubscribe();
    void answered();

    const Configuration configuration_;
    const std::shared_ptr<Dispatcher> dispatcher_;  // shared with the client and the thread
    SystemClock clock_;
    std::atomic<bool> connected_{false};

    ConnectionMachine machine_;
    std::vector<Waiter> ready_waiters_;
    std::vector<Waiter> disconnected_waiters_;
    bool refusing_ = false;

    HubSession* session_ = nullptr;  // its connection owns it; reset when either lets go
    net::ConnectionHandle handle_;
    std::optional<SteadyTime> renew_at_;  // of the token the session presents
    bool looking_up_ = false;             // an attempt has begun, TLS has not stood since

    bool wants_messages_ = false;
    bool stored_ = false;      // the hub has confirmed a subscription, which outlives connections
    bool restoring_ = false;   // the request under way was not the application's
    unsigned unanswered_ = 0;  // requests of this connection
    Subscription subscription_ = Subscription::none;

    std::mutex stopping_;
    std::unique_ptr<net::Loops> loops_;
    net::Loop& loop_;
    std::unique_ptr<net::Timer> timer_;
};

}  // namespace restante::device
