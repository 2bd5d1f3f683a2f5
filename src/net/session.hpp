#pragma once
// The contract between a connection (sockets, TLS, timers: net) and what is spoken on it (an
// engine and what is done with its events: gateways and SDKs).
//
// The connection owns its session. Every call on a session comes from the connection's loop
// thread, one at a time. Work that ends elsewhere (a commit, a message that arrived) comes back
// through ConnectionHandle::post, which runs it on that thread, or not at all once the connection
// has ended: a posted function may therefore use the session freely.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"

namespace restante::net {

/// Something to do later, on a connection's loop.
using Work = std::move_only_function<void()>;

/// Where work for one connection is left. Any thread, any time, also after the connection's end.
class Mailbox {
  public:
    virtual ~Mailbox() = default;
    virtual void post(Work work) = 0;
    virtual void close() = 0;
};

/// A way back to a connection from any thread; outliving the connection is harmless.
class ConnectionHandle {
  public:
    ConnectionHandle() = default;
    explicit ConnectionHandle(std::shared_ptr<Mailbox> mailbox) : mailbox_(std::move(mailbox)) {}

    /// Runs `work` on the connection's loop, then flushes the session's output. Dropped without a
    /// call when the connection has ended by then. Never runs `work` inside this call. On a client
    /// connection work also runs before start(); output then waits for TLS.
    void post(Work work) const {
        if (mailbox_) mailbox_->post(std::move(work));
    }

    /// Ends the connection soon: output not yet written is lost, the session hears
    /// closed(cancelled). A session that has something left to say ends by finished() instead.
    void close() const {
        if (mailbox_) mailbox_->close();
    }

  private:
    std::shared_ptr<Mailbox> mailbox_;  // shared by every copy of the handle and the connection
};

/// What is known of the other end once TLS stands.
struct Peer {
    std::string address;  ///< "127.0.0.1:40112", "[::1]:40112"
    /// The client certificate it presented and holds the key of, then the issuers it sent along:
    /// DER, not looked at. Empty for none.
    std::vector<Bytes> certificate_chain;
};

class Session {
  public:
    virtual ~Session() = default;

    /// TLS stands; the first call. A client session may have output at once.
    virtual void start(ConnectionHandle handle, const Peer& peer, Now now) = 0;

    /// Bytes arrived. Not called while the peer leaves more than the connection's output limit
    /// unread, so a peer that does not listen is not heard either.
    virtual void receive(BytesView bytes, Now now) = 0;

    /// Everything to be written so far, moved out. Called after each of the other calls and each
    /// time earlier output has been written completely: the moment to fetch more messages. Not
    /// called while the peer leaves more than the connection's output limit unread.
    virtual Bytes take_output() = 0;

    /// True from when the peer has proved who it is. A connection counts among the strangers of
    /// its address (net/admission.hpp) until then. A client's session is not asked for a peer's
    /// proof: TLS gave it.
    virtual bool proved() const { return false; }

    /// When advance() wants to be called; nullopt for never.
    virtual std::optional<SteadyTime> next_deadline() const = 0;
    virtual void advance(Now now) = 0;

    /// True once the conversation is over: the connection writes what take_output() gives, then
    /// closes. No further receive() comes.
    virtual bool finished() const = 0;

    /// The connection has ended, for whatever reason; the last call, made once. A client session
    /// may hear it without start(). The codes:
    ///   cancelled           this end closed: finished(), ConnectionHandle::close or a shutdown
    ///   connection_dropped  the peer closed, vanished, or stopped reading
    ///   connection_failed   a client could not reach the host at all
    ///   tls_failed          TLS broke, or a client did not trust what it found
    virtual void closed(const Error& reason) = 0;
};

}  // namespace restante::net
