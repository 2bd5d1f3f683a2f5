#pragma once
// Runs one net::Session on the test's own thread, the way a connection runs it on its loop: the
// same calls in the same order, work posted from other threads included. Time is the test's clock.

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "net/session.hpp"

namespace restante::test {

/// Keeps what is posted until the test's thread runs it.
class HeldMailbox final : public net::Mailbox {
  public:
    void post(net::Work work) override {
        const std::lock_guard lock(mutex_);
        work_.push_back(std::move(work));
        changed_.notify_all();
    }
    void close() override {
        const std::lock_guard lock(mutex_);
        close_wanted_ = true;
        changed_.notify_all();
    }

    bool close_wanted() {
        const std::lock_guard lock(mutex_);
        return close_wanted_;
    }
    std::deque<net::Work> take() {
        const std::lock_guard lock(mutex_);
        return std::exchange(work_, {});
    }
    /// Waits for something to take; false when nothing came until then.
    bool wait_until(std::chrono::steady_clock::time_point end) {
        std::unique_lock lock(mutex_);
        return changed_.wait_until(lock, end, [this] { return !work_.empty() || close_wanted_; });
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<net::Work> work_;
    bool close_wanted_ = false;
};

class SessionHarness {
  public:
    /// How long a test waits for what should come; only a failing one does so in full.
    static constexpr std::chrono::seconds patience{20};

    /// Starts the session.
    SessionHarness(std::unique_ptr<net::Session> session, const Clock& clock,
                   const net::Peer& peer = {.address = "192.0.2.7:40112", .certificate_chain = {}})
        : clock_(clock), session_(std::move(session)) {
        session_->start(net::ConnectionHandle(mailbox_), peer, clock_.now());
        flush();
    }
    ~SessionHarness() { drop(); }
    SessionHarness(const SessionHarness&) = delete;
    SessionHarness& operator=(const SessionHarness&) = delete;

    /// Bytes arrive. What comes after the session's end is not heard, as on a connection.
    void receive(BytesView bytes) {
        if (!session_) return;
        session_->receive(bytes, clock_.now());
        flush();
    }
    void receive(std::string_view text) { receive(as_bytes(text)); }

    /// Time has moved: calls the session if it wanted that.
    void advance() {
        if (!session_) return;
        const auto deadline = session_->next_deadline();
        if (!deadline || clock_.now().steady < *deadline) return;
        session_->advance(clock_.now());
        flush();
    }

    /// Runs what has been posted so far; how much it was.
    std::size_t run_posted() {
        auto work = mailbox_->take();
        for (auto& item : work) {
            if (!session_) break;
            item();
            flush();
        }
        if (mailbox_->close_wanted()) end(Error(ErrorCode::cancelled, "closed by this end"));
        return work.size();
    }

    /// Runs what is posted until `condition` holds; false when patience ends before.
    template <class Condition>
    bool wait_until(Condition condition) {
        const auto end = std::chrono::steady_clock::now() + patience;
        while (!condition()) {
            if (run_posted() > 0) continue;
            if (!mailbox_->wait_until(end)) return false;
        }
        return true;
    }

    /// The other end vanishes. Work posted from now on is dropped.
    void drop() { end(Error(ErrorCode::connection_dropped, "the peer closed the connection")); }

    /// Everything the session wrote and the test has not taken off yet.
    Bytes& output() { return output_; }
    std::string take_text() { return to_text(std::exchange(output_, Bytes())); }

    /// Whether the session knows who its peer is.
    bool proved() const { return session_ && session_->proved(); }
    bool ended() const { return !session_; }
    bool wait_ended() {
        return wait_until([this] { return ended(); });
    }

  private:
    void flush() {
        append(output_, session_->take_output());
        if (!session_->finished()) return;
        append(output_, session_->take_output());
        end(Error(ErrorCode::cancelled, "closed by this end"));
    }
    void end(const Error& reason) {
        if (const auto session = std::exchange(session_, nullptr)) session->closed(reason);
    }

    const Clock& clock_;
    std::shared_ptr<HeldMailbox> mailbox_ = std::make_shared<HeldMailbox>();  // with the handles
    std::unique_ptr<net::Session> session_;
    Bytes output_;
};

}  // namespace restante::test
