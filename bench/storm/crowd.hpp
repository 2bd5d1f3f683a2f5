#pragma once
// All clients of a run on one epoll: begins them, so many at once, and brings each to the point
// where its task takes over.
//
//     waiting ─▶ handshake ─▶ talk ──Turn::ready──▶ ready ─▶ ended
//                   └───────────┴── fault, end ───────┴──────▶
//
// main() owns it; its end closes what is left.

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "common/measure.hpp"
#include "conversation.hpp"
#include "target.hpp"

namespace restante::storm {

enum class Phase : std::uint8_t { waiting, handshake, talk, ready, ended };

struct Caller {
    bench::TlsLink link;
    bench::Moment since;  ///< of its beginning; later its task's
    Bytes heard;          ///< the beginning of an answer
    Bytes unsent;
    std::uint32_t number = 0;
    std::uint32_t awaited = 0;  ///< its task's
    Phase phase = Phase::waiting;
    std::uint8_t stage = 0;
};

/// What becomes of clients that are ready.
class Task {
  public:
    virtual ~Task() = default;
    virtual void ready(Caller& caller) = 0;
    /// Whether this was all that was to come, so that reading again can wait for the next event.
    virtual bool heard(Caller&, BytesView) { return false; }
};

struct CrowdPlan {
    std::size_t count = 0;
    std::size_t concurrent = 0;
};

class Crowd {
  public:
    struct Counts {
        std::size_t ready = 0;
        std::size_t resumed = 0;
        std::size_t ended = 0;
        std::size_t errors = 0;
    };

    /// All of them outlive it. Throws std::runtime_error.
    Crowd(Target& target, Conversation& conversation, const CrowdPlan& plan, Task& task);

    /// Until `done` or the deadline; true when done. Throws std::runtime_error.
    bool run(const std::function<bool()>& done, bench::Moment deadline);

    /// Whether every client has been ready or failed.
    bool settled() const { return begun_ == callers_.size() && under_way_ == 0; }
    const Counts& counts() const { return counts_; }
    const bench::Latencies& times_until_ready() const { return until_ready_; }
    std::vector<Caller>& callers() { return callers_; }

    /// Has run() look whether it is done whenever more can be read from the descriptor.
    void watch(int descriptor);
    void send(Caller& caller, BytesView bytes);
    /// In good order.
    void leave(Caller& caller);
    void fail(Caller& caller, std::string_view what);

  private:
    static constexpr std::size_t read_bytes = 16 * 1024;
    /// Errors told in full; the rest is counted.
    static constexpr std::size_t told_errors_max = 5;

    void begin_more();
    void begin(Caller& caller);
    void drive(Caller& caller);
    bool shake_hands(Caller& caller);
    void read(Caller& caller);
    bool talk(Caller& caller, BytesView bytes);
    bool flush(Caller& caller);
    void end(Caller& caller);

    Target& target_;
    Conversation& conversation_;
    std::size_t concurrent_;
    Task& task_;
    bench::Descriptor epoll_;
    std::vector<Caller> callers_;
    std::size_t begun_ = 0;
    std::size_t under_way_ = 0;
    Counts counts_;
    bench::Latencies until_ready_;
    std::array<std::uint8_t, read_bytes> buffer_;
};

}  // namespace restante::storm
