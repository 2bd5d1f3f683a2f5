#include "net/connection.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <utility>

#include "net/peer_address.hpp"
#include "net/postbox.hpp"

namespace restante::net {
namespace {

// What one connection may read or write before the others on its loop get their turn.
constexpr std::size_t read_turn_bytes = 64 * 1024;
constexpr std::size_t write_turn_bytes = 256 * 1024;

// A deadline that a session leaves in the past must not make its loop spin.
constexpr Milliseconds timer_wait_min{1};

// A peer that is switched off says nothing. Protocols without a heartbeat of their own notice
// after 2 min + 4 x 30 s.
constexpr int keepalive_idle_seconds = 120;
constexpr int keepalive_interval_seconds = 30;
constexpr int keepalive_probes = 4;

void set_option(int descriptor, int level, int name, int value) {
    // A socket whose peer has just gone refuses options; the first read will tell.
    ::setsockopt(descriptor, level, name, &value, sizeof value);
}

void prepare(int descriptor) {
    set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, keepalive_idle_seconds);
    set_option(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, keepalive_interval_seconds);
    set_option(descriptor, IPPROTO_TCP, TCP_KEEPCNT, keepalive_probes);
}

}  // namespace

Connection::Connection(Loop& loop, const Clock& clock, const ConnectionOptions& options)
    : loop_(loop),
      clock_(clock),
      options_(options),
      socket_(loop.context()),
      timer_(loop.context()) {}

Connection::~Connection() = default;

ConnectionHandle Connection::handle() {
    if (!mailbox_) mailbox_ = std::make_shared<Postbox>(loop_.shared_from_this(), weak_from_this());
    return ConnectionHandle(mailbox_);
}

void Connection::run(std::span<Work> pieces) {
    for (Work& work : pieces) {
        if (stage_ == Stage::lingering || stage_ == Stage::ended) return;
        work();
    }
    if (stage_ != Stage::open) return;
    collect_output();
    write_output();
    if (stage_ == Stage::open) conclude();
    arrange();
}

void Connection::close(const Error& reason) {
    if (stage_ == Stage::open) tls_->shutdown();
    end(reason, Farewell::none);
    if (stage_ == Stage::lingering) release();
}

bool Connection::join_loop() {
    Loop::Place place;
    if (loop_.add(shared_from_this(), place)) {
        place_ = place;
        return true;
    }
    end(Error(ErrorCode::cancelled, "the program is shutting down"), Farewell::none);
    return false;
}

void Connection::set_deadline(Milliseconds after) {
    stage_deadline_ = clock_.now().steady + after;
    arm_timer();
}

void Connection::start_handshake() {
    prepare(socket_.native_handle());
    stage_ = Stage::handshaking;
    step();
}

Error Connection::deadline_error(Stage stage) const {
    if (stage == Stage::open) {
        return Error(ErrorCode::cancelled, "closed by this end; the peer left output unread");
    }
    return Error(ErrorCode::tls_failed,
                 fmt::format("the TLS handshake was not complete after {} ms",
                             options_.handshake_timeout.count()));
}

/// Does what the sockets allow, then arranges to be called again.
void Connection::step() {
    if (stage_ == Stage::handshaking) handshake();
    if (stage_ == Stage::lingering) discard_input();
    if (stage_ == Stage::open) read_input();
    if (stage_ == Stage::open) write_output();
    if (stage_ == Stage::open) conclude();
    arrange();
}

void Connection::handshake() {
    if (input_wait_ != Wait::none) return;
    const auto step = tls_->handshake();
    if (!step) return end(step.error(), Farewell::linger);
    switch (step->state) {
        case TlsState::done:
            return establish();
        case TlsState::want_read:
            input_wait_ = Wait::read;
            return;
        case TlsState::want_write:
            input_wait_ = Wait::write;
            return;
        case TlsState::closed:
            return end(Error(ErrorCode::tls_failed, "the peer gave up the TLS handshake"),
                       Farewell::linger);
    }
}

void Connection::establish() {
    stage_ = Stage::open;
    stage_deadline_ = SteadyTime::max();
    // TLS 1.3 leaves a client's last handshake message without an answer, and a client that waits
    // for its acknowledgement before it says more (Nagle) would wait for our delayed one: 40 ms.
    set_option(socket_.native_handle(), IPPROTO_TCP, TCP_QUICKACK, 1);
    on_established();
    const Peer peer{.address = to_text(peer_), .certificate_chain = tls_->peer_certificates()};
    session_->start(handle(), peer, clock_.now());
    collect_output();
}

void Connection::read_input() {
    std::size_t turn = read_turn_bytes;
    while (turn > 0 && input_wait_ == Wait::none && wants_input()) {
        const auto step = tls_->read(loop_.scratch());
        if (!step) {
            const bool alert = step.error().code == ErrorCode::tls_failed;
            return end(step.error(), alert ? Farewell::linger : Farewell::none);
        }
        switch (step->state) {
            case TlsState::done:
                session_->receive(loop_.scratch().first(step->bytes), clock_.now());
                collect_output();
                turn -= std::min(turn, step->bytes);
                break;
            case TlsState::want_read:
                input_wait_ = Wait::read;
                break;
            case TlsState::want_write:
                input_wait_ = Wait::write;
                break;
            case TlsState::closed:
                peer_closed_ = true;
                break;
        }
    }
}

Bytes Connection::take_output() {
    Bytes output = session_->take_output();
    if (session_->proved()) on_proved();
    return output;
}

/// Moves the session's output behind what is waiting, while the peer reads well enough.
void Connection::collect_output() {
    if (unwritten() > options_.output_limit) return;
    Bytes more = take_output();
    if (unwritten() == 0) {
        output_ = std::move(more);
        written_ = 0;
        return;
    }
    if (written_ > output_.size() / 2) {
        output_.erase(output_.begin(), output_.begin() + static_cast<std::ptrdiff_t>(written_));
        written_ = 0;
    }
    append(output_, more);
}

void Connection::write_output() {
    std::size_t turn = write_turn_bytes;
    while (output_wait_ == Wait::none) {
        if (unwritten() == 0) {
            output_ = take_output();  // what has been written is freed here
            written_ = 0;
            if (output_.empty()) return;
        }
        if (turn == 0) return;
        const auto step = tls_->write(BytesView(output_).subspan(written_));
        if (!step) return end(step.error(), Farewell::none);
        switch (step->state) {
            case TlsState::done:
                written_ += step->bytes;
                turn -= std::min(turn, step->bytes);
                stall_deadline_ = SteadyTime::max();
                break;
            case TlsState::want_read:
                output_wait_ = Wait::read;
                break;
            case TlsState::want_write:
                output_wait_ = Wait::write;
                break;
            case TlsState::closed:
                return end(Error(ErrorCode::connection_dropped, "the peer closed the connection"),
                           Farewell::none);
        }
    }
    if (stall_deadline_ == SteadyTime::max()) {
        stall_deadline_ = clock_.now().steady + options_.write_stall_timeout;
    }
}

/// Closes once everything has been said.
void Connection::conclude() {
    if (!session_->finished() && !peer_closed_) return;
    if (unwritten() > 0) {
        if (stage_deadline_ == SteadyTime::max()) set_deadline(options_.write_stall_timeout);
        return;
    }
    tls_->shutdown();
    if (session_->finished()) {
        end(Error(ErrorCode::cancelled, "closed by this end"), Farewell::linger);
    } else {
        end(Error(ErrorCode::connection_dropped, "the peer closed the connection"), Farewell::none);
    }
}

void Connection::end(const Error& reason, Farewell farewell) {
    if (stage_ == Stage::lingering || stage_ == Stage::ended) return;
    const auto self = shared_from_this();
    const Stage reached = stage_;
    stage_ = Stage::lingering;
    on_end(reached, reason);
    if (const auto session = std::move(session_)) session->closed(reason);
    tls_.reset();
    output_ = Bytes();
    written_ = 0;
    stall_deadline_ = SteadyTime::max();
    if (farewell == Farewell::none) return release();
    // Closing a socket with input unread resets it, and a reset overtakes our last words on their
    // way. So: no more output, then listen until the peer closes too.
    boost::system::error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    input_wait_ = Wait::none;
    output_wait_ = Wait::none;
    set_deadline(options_.linger_timeout);
    arrange();
}

void Connection::discard_input() {
    const auto scratch = loop_.scratch();
    std::size_t turn = read_turn_bytes;
    while (turn > 0 && input_wait_ == Wait::none) {
        const auto got = ::recv(socket_.native_handle(), scratch.data(), scratch.size(), 0);
        if (got > 0) {
            turn -= std::min(turn, static_cast<std::size_t>(got));
        } else if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            input_wait_ = Wait::read;
        } else {
            return release();
        }
    }
}

bool Connection::wants_input() const {
    if (stage_ != Stage::open) return stage_ != Stage::ended;
    return !peer_closed_ && unwritten() <= options_.output_limit && !session_->finished();
}

void Connection::arrange() {
    if (stage_ == Stage::connecting || stage_ == Stage::ended) return;
    bool ready = false;
    if (wants_input() && !wait_for(input_wait_)) ready = true;
    if (unwritten() > 0 && !wait_for(output_wait_)) ready = true;
    if (ready) continue_soon();
    arm_timer();
}

bool Connection::wait_for(Wait wait) {
    if (wait == Wait::none) return false;
    arm(wait);
    return true;
}

void Connection::arm(Wait wait) {
    bool& armed = wait == Wait::read ? read_armed_ : write_armed_;
    if (armed) return;
    armed = true;
    const auto kind = wait == Wait::read ? Socket::wait_read : Socket::wait_write;
    socket_.async_wait(kind, [self = shared_from_this(), wait](boost::system::error_code error) {
        (wait == Wait::read ? self->read_armed_ : self->write_armed_) = false;
        if (error == asio::error::operation_aborted || self->stage_ == Stage::ended) return;
        // Any other error is the socket's, and the next call on it will name it.
        if (self->input_wait_ == wait) self->input_wait_ = Wait::none;
        if (self->output_wait_ == wait) self->output_wait_ = Wait::none;
        self->step();
    });
}

void Connection::continue_soon() {
    if (continuing_) return;
    continuing_ = true;
    asio::post(loop_.context(), [self = shared_from_this()] {
        self->continuing_ = false;
        self->step();
    });
}

/// One timer for every deadline, set anew only when one comes closer: most deadlines move away
/// before they are reached.
void Connection::arm_timer() {
    SteadyTime wanted = std::min(stage_deadline_, stall_deadline_);
    if (stage_ == Stage::open) {
        wanted = std::min(wanted, session_->next_deadline().value_or(SteadyTime::max()));
    }
    if (wanted >= armed_for_) return;
    armed_for_ = wanted;
    timer_.expires_after(std::max(timer_wait_min, wanted - clock_.now().steady));
    timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
        if (!error) self->on_timer();
    });
}

void Connection::on_timer() {
    if (stage_ == Stage::ended) return;
    armed_for_ = SteadyTime::max();
    const Now now = clock_.now();
    if (now.steady >= stage_deadline_) {
        if (stage_ == Stage::lingering) return release();
        return end(deadline_error(stage_), Farewell::none);
    }
    if (now.steady >= stall_deadline_) {
        return end(
            Error(ErrorCode::connection_dropped, fmt::format("the peer has read nothing for {} ms",
                                                             options_.write_stall_timeout.count())),
            Farewell::none);
    }
    if (stage_ != Stage::open) return arm_timer();
    if (const auto due = session_->next_deadline(); due && *due <= now.steady) {
        session_->advance(now);
        collect_output();
    }
    step();
}

void Connection::release() {
    if (stage_ == Stage::ended) return;
    stage_ = Stage::ended;
    timer_.cancel();
    boost::system::error_code ignored;
    socket_.close(ignored);
    if (place_) loop_.remove(*std::exchange(place_, std::nullopt));
}

}  // namespace restante::net
