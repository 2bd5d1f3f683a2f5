#pragma once
// A net::Session that sends back what it hears, until it hears "bye" or a minute has passed. Who
// says anything has proved who it is.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "net/session.hpp"

namespace restante::test {

class EchoSession final : public net::Session {
  public:
    /// What the test sees of it, shared by both.
    struct Heard {
        net::ConnectionHandle handle;
        std::string peer;
        std::string bytes;
        std::optional<Error> closed;
        int times_asked = 0;  ///< for output
    };

    explicit EchoSession(std::shared_ptr<Heard> heard) : heard_(std::move(heard)) {}

    void start(net::ConnectionHandle handle, const net::Peer& peer, Now now) override {
        heard_->handle = std::move(handle);
        heard_->peer = peer.address;
        deadline_ = now.steady + std::chrono::minutes{1};
    }
    void receive(BytesView bytes, Now) override {
        heard_->bytes += as_text(bytes);
        append(output_, bytes);
        finished_ = finished_ || as_text(bytes).contains("bye");
    }
    Bytes take_output() override {
        ++heard_->times_asked;
        return std::exchange(output_, {});
    }
    std::optional<SteadyTime> next_deadline() const override { return deadline_; }
    void advance(Now now) override { finished_ = finished_ || now.steady >= deadline_; }
    bool proved() const override { return !heard_->bytes.empty(); }
    bool finished() const override { return finished_; }
    void closed(const Error& reason) override { heard_->closed = reason; }

  private:
    std::shared_ptr<Heard> heard_;
    Bytes output_;
    SteadyTime deadline_{};
    bool finished_ = false;
};

}  // namespace restante::test
