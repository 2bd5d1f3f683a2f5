#pragma once
// A net::Session for tests: remembers what it heard and lets the test's thread wait for it, bounded
// by a patience that only a failing test exhausts.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "net/session.hpp"

namespace restante::test {

/// What the test's thread sees of a session. Shared by the test and the session.
class Record {
  public:
    static constexpr std::chrono::seconds patience{20};

    bool wait_started() {
        return wait([this] { return started_; });
    }
    bool wait_received(std::size_t bytes) {
        return wait([this, bytes] { return received_.size() >= bytes; });
    }
    /// Why the session's connection ended; nullopt when it has not.
    std::optional<Error> wait_closed() {
        wait([this] { return closed_.has_value(); });
        const std::lock_guard lock(mutex_);
        return closed_;
    }
    net::ConnectionHandle handle() {
        const std::lock_guard lock(mutex_);
        return handle_;
    }
    net::Peer peer() {
        const std::lock_guard lock(mutex_);
        return peer_;
    }
    std::string received() {
        const std::lock_guard lock(mutex_);
        return received_;
    }
    int times_closed() {
        const std::lock_guard lock(mutex_);
        return times_closed_;
    }

  private:
    friend class RecordingSession;
    template <class Condition>
    bool wait(Condition condition) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, patience, condition);
    }
    template <class Change>
    void change(Change change) {
        const std::lock_guard lock(mutex_);
        change();
        changed_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    bool started_ = false;
    net::ConnectionHandle handle_;
    net::Peer peer_;
    std::string received_;
    std::optional<Error> closed_;
    int times_closed_ = 0;
};

/// Behaviour is given by the functions, all of them optional and called on the loop.
class RecordingSession : public net::Session {
  public:
    explicit RecordingSession(std::shared_ptr<Record> record) : record_(std::move(record)) {}

    std::function<void(RecordingSession&)> on_start;
    std::function<void(RecordingSession&, BytesView)> on_receive;
    std::function<Bytes()> on_drained;  ///< asked for output when there is none
    std::function<void(RecordingSession&, Now)> on_advance;
    std::optional<SteadyTime> deadline;
    bool over = false;
    bool proof_heard = false;
    bool keeps_input = true;

    void send(std::string_view text) { append(output_, text); }

    void start(net::ConnectionHandle handle, const net::Peer& peer, Now) override {
        record_->change([&] {
            record_->handle_ = handle;
            record_->peer_ = peer;
            record_->started_ = true;
        });
        if (on_start) on_start(*this);
    }
    void receive(BytesView bytes, Now) override {
        if (on_receive) on_receive(*this, bytes);
        if (keeps_input) record_->change([&] { record_->received_ += as_text(bytes); });
    }
    Bytes take_output() override {
        if (output_.empty() && on_drained) return on_drained();
        return std::exchange(output_, Bytes());
    }
    std::optional<SteadyTime> next_deadline() const override { return deadline; }
    void advance(Now now) override {
        if (on_advance) on_advance(*this, now);
    }
    bool proved() const override { return proof_heard; }
    bool finished() const override { return over; }
    void closed(const Error& reason) override {
        record_->change([&] {
            record_->closed_ = reason;
            ++record_->times_closed_;
        });
    }

  private:
    std::shared_ptr<Record> record_;  // shared with the test
    Bytes output_;
};

}  // namespace restante::test
