#pragma once
// One simulated connection: the hub's session at one end, a Peer at the other, and between them the
// bytes that are on their way, which arrive in pieces, late, or never.

#include <memory>

#include "peer.hpp"
#include "support/session_harness.hpp"

namespace restante::simulation {

class Connection {
  public:
    Connection(std::unique_ptr<Line> line, std::unique_ptr<Peer> peer,
               std::unique_ptr<net::Session> session, const Clock& clock)
        : line_(std::move(line)), peer_(std::move(peer)), hub_end_(std::move(session), clock) {}

    const Line& line() const { return *line_; }
    Peer& peer() { return *peer_; }

    /// Some, or all, of what is on its way arrives. False when nothing was.
    bool carry_up(Random& random, bool all);
    bool carry_down(Random& random, bool all);
    std::size_t run_posted();
    void advance();
    /// The network lets both ends know nothing more of each other.
    void lose();
    /// Nothing will come any more.
    bool over();

  private:
    void note_end() { line_->lost = line_->lost || hub_end_.ended(); }

    std::unique_ptr<Line> line_;  // the peer refers to it
    std::unique_ptr<Peer> peer_;
    test::SessionHarness hub_end_;
    Bytes up_;
    Bytes down_;
};

}  // namespace restante::simulation
