#pragma once
// One TLS connection and the session spoken on it: the only place where sockets, TLS, timers and
// sessions meet. It knows nothing of what is spoken.
//
//     connecting ──▶ handshaking ──▶ open ──▶ lingering ──▶ ended
//     (clients)          └──────────────┴──────────────────▶
//
// Its loop owns it (Loop::add) until it has ended, and so does each wait of its own that is under
// way; everything but the mailbox happens on that loop's thread. It ends by the session's
// finished(), by the peer, by a deadline or by close(); the session hears closed() exactly once.

#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include "base/clock.hpp"
#include "net/connection_options.hpp"
#include "net/loop.hpp"
#include "net/session.hpp"
#include "net/tls_stream.hpp"

namespace restante::net {

class Connection : public std::enable_shared_from_this<Connection> {
  public:
    Connection(Loop& loop, const Clock& clock, const ConnectionOptions& options);
    virtual ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Runs work from the mailbox, then flushes; nothing once ended.
    void run(std::span<Work> pieces);
    /// Ends at once; output not yet written is lost.
    void close(const Error& reason);
    /// Whom it belongs to, for Loop::close_connections.
    virtual const void* group() const { return nullptr; }

    ConnectionHandle handle();

  protected:
    enum class Stage : std::uint8_t { connecting, handshaking, open, lingering, ended };

    /// Enters the loop's keeping; false when the loop is ending, and the connection has ended too.
    bool join_loop();
    void set_deadline(Milliseconds after);
    /// Starts TLS on the connected socket_; peer_ and tls_ have been set.
    void start_handshake();
    enum class Farewell : std::uint8_t { none, linger };
    void end(const Error& reason, Farewell farewell);

    /// TLS stands: a server makes its session only now, so that strangers cost little.
    virtual void on_established() {}
    /// The peer has proved who it is. Called each time the session was asked for output from then
    /// on, before any of that is written: who hears a yes finds it counted.
    virtual void on_proved() {}
    /// Just before the session hears closed(), at the stage that was reached.
    virtual void on_end(Stage, const Error&) {}
    /// What the deadline of connecting or the handshake means to a reader.
    virtual Error deadline_error(Stage stage) const;

    Loop& loop_;
    const Clock& clock_;
    const ConnectionOptions& options_;  // the listener's or the connector's, which outlive this
    Socket socket_;
    asio::ip::tcp::endpoint peer_;
    std::optional<TlsStream> tls_;
    std::unique_ptr<Session> session_;
    Stage stage_ = Stage::connecting;

  private:
    enum class Wait : std::uint8_t { none, read, write };

    void step();
    void handshake();
    void establish();
    void read_input();
    Bytes take_output();
    void collect_output();
    void write_output();
    void discard_input();
    void conclude();
    void arrange();
    bool wants_input() const;
    std::size_t unwritten() const { return output_.size() - written_; }
    bool wait_for(Wait wait);
    void arm(Wait wait);
    void continue_soon();
    void arm_timer();
    void on_timer();
    void release();

    Timer timer_;
    SteadyTime armed_for_ = SteadyTime::max();
    SteadyTime stage_deadline_ = SteadyTime::max();
    SteadyTime stall_deadline_ = SteadyTime::max();
    Bytes output_;
    std::size_t written_ = 0;           // of output_
    std::shared_ptr<Mailbox> mailbox_;  // shared by the handles given out
    std::optional<Loop::Place> place_;
    Wait input_wait_ = Wait::none;   // what reading waits for; none: it may be tried
    Wait output_wait_ = Wait::none;  // the same for writing
    bool read_armed_ = false;
    bool write_armed_ = false;
    bool continuing_ = false;
    bool peer_closed_ = false;
};

}  // namespace restante::net
