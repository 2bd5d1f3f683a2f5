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
#include "sending.hpp"

namespace restante::device {

class HubSession;

class Core {
  public:
    Core(Configuration configuration, std::shared_ptr<Dispatcher> dispatcher);
    ~Core();
    Core(const Core&) = delete;
    Core& operator=(const Core&) = delete;

    // Requests, from any thread. Each future gets its outcome within a minute or so, send()'s
    // within send_timeout.

    std::future<Outcome> connect();
    std::future<Outcome> disconnect();
    std::future<Outcome> send(Message message);
    /// Asks for messages, or for no more of them; done when the hub has answered.
    std::future<Outcome> want_messages(bool wanted);
    /// Another token for a client that was made with one: connects with it, again or at last.
    std::future<Outcome> replace_token(TokenCredentials token);
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
    /// A subscription was asked for on this connection and not answered yet.
    bool awaits_subscription() const { return subscription_ == Subscription::requested; }
    void on_unsubscribed();
    void on_message(Message message, Settle settle);
    /// A message was none for this client.
    void on_discarded(std::string_view why);
    void on_sent(std::uint64_t number, const Outcome& outcome);
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
    std::unique_ptr<net::Session> make_session(std::string token);
    /// What this connection shows to the hub; empty for a device that has a certificate.
    Result<std::string> make_token();
    void flush_sending();
    void drop_session();
    void end_connection(Failure failure);
    void arm_timer();
    void advance();
    void await_token_due();

    void subscribe();
    void unsubscribe();
    void answered();

    Configuration configuration_;                   // of which only the token changes
    const std::shared_ptr<Dispatcher> dispatcher_;  // shared with the client and the thread
    SystemClock clock_;
    std::atomic<bool> connected_{false};

    ConnectionMachine machine_;
    std::vector<Waiter> ready_waiters_;
    std::vector<Waiter> disconnected_waiters_;
    Sending sending_;
    bool refusing_ = false;

    HubSession* session_ = nullptr;  // its connection owns it; reset when either lets go
    net::ConnectionHandle handle_;
    std::optional<SteadyTime> renew_at_;   // of the token the session presents
    std::optional<SteadyTime> token_due_;  // when the application is asked for another one
    bool looking_up_ = false;              // an attempt has begun, TLS has not stood since

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
