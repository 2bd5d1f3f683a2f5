#pragma once
// The I/O threads. Each runs one event loop; a connection lives on one loop from its first byte to
// its last, so nothing in a connection or a session is shared between threads.
//
// The program owns Loops. Listeners and connectors on them end first; connection handles may
// outlive them.

#include <cstddef>
#include <memory>
#include <vector>

#include "base/error.hpp"

namespace restante::net {

class Loop;

class Loops {
  public:
    /// Starts `threads` loops, at least one.
    explicit Loops(std::size_t threads);
    ~Loops();
    Loops(const Loops&) = delete;
    Loops& operator=(const Loops&) = delete;

    std::size_t size() const { return loops_.size(); }
    Loop& at(std::size_t index) const { return *loops_[index]; }

    /// The loop for the next connection, round robin. Any thread.
    Loop& next();

    /// Closes every connection (each session hears closed(cancelled)) and joins the threads. The
    /// destructor does so too. Not from a loop.
    void stop();

  private:
    std::vector<std::shared_ptr<Loop>> loops_;  // mailboxes share them: post() after the end
    struct Turn;
    std::unique_ptr<Turn> turn_;
};

}  // namespace restante::net
