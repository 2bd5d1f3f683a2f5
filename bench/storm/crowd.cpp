#include "crowd.hpp"

#include <fmt/format.h>
#include <sys/epoll.h>

#include <cerrno>
#include <cstdio>
#include <stdexcept>

namespace restante::storm {

using bench::check;
using bench::Moment;
using bench::moment;
using bench::Step;

Crowd::Crowd(Target& target, Conversation& conversation, const CrowdPlan& plan, Task& task)
    : target_(target),
      conversation_(conversation),
      concurrent_(plan.concurrent),
      task_(task),
      epoll_(check(::epoll_create1(EPOLL_CLOEXEC), "cannot make an epoll")),
      callers_(plan.count) {
    for (std::size_t i = 0; i < callers_.size(); ++i) {
        callers_[i].number = static_cast<std::uint32_t>(i + 1);
    }
    conversation.prepare(plan.count);
}

bool Crowd::run(const std::function<bool()>& done, Moment deadline) {
    constexpr int events_max = 256;
    std::array<epoll_event, events_max> events;
    while (true) {
        begin_more();
        if (done()) return true;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - moment()).count();
        if (left <= 0) return false;
        const int count =
            ::epoll_wait(epoll_.get(), events.data(), events_max, static_cast<int>(left));
        if (count < 0 && errno != EINTR) bench::throw_errno("cannot wait for events");
        for (int i = 0; i < count; ++i) {
            auto* caller = static_cast<Caller*>(events[static_cast<std::size_t>(i)].data.ptr);
            if (caller != nullptr) drive(*caller);
        }
    }
}

void Crowd::watch(int descriptor) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;
    check(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event),
          "stdin must be a pipe or a terminal, so that its end can be waited for");
}

void Crowd::begin_more() {
    while (begun_ < callers_.size() && under_way_ < concurrent_) begin(callers_[begun_++]);
}

/// By edges, for both directions, once: no other call is needed to wait for anything. On the
/// loopback network the connection stands already.
void Crowd::begin(Caller& caller) {
    ++under_way_;
    caller.since = moment();
    caller.phase = Phase::handshake;
    try {
        caller.link = target_.open(caller.number);
        epoll_event event{};
        event.events = EPOLLIN | EPOLLOUT | EPOLLET;
        event.data.ptr = &caller;
        check(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, caller.link.descriptor(), &event),
              "cannot watch a connection");
    } catch (const std::runtime_error& error) {
        return fail(caller, error.what());
    }
    drive(caller);
}

void Crowd::drive(Caller& caller) {
    if (caller.phase == Phase::ended) return;
    if (caller.link.native() == nullptr) return fail(caller, "the server ended the connection");
    if (caller.phase == Phase::handshake && !shake_hands(caller)) return;
    if (flush(caller)) read(caller);
}

bool Crowd::shake_hands(Caller& caller) {
    const Step step = caller.link.handshake();
    if (step == Step::want_read || step == Step::want_write) return false;
    if (step != Step::done) {
        fail(caller, "handshake: " + bench::TlsLink::last_failure());
        return false;
    }
    counts_.resumed += caller.link.is_resumed() ? 1 : 0;
    caller.phase = Phase::talk;
    send(caller, conversation_.open(caller.number));
    // The answer cannot be there yet, unless the server spoke before.
    return caller.link.has_pending();
}

void Crowd::read(Caller& caller) {
    while (caller.phase != Phase::ended) {
        std::size_t bytes = 0;
        const Step step = caller.link.read(buffer_, bytes);
        if (step == Step::want_read || step == Step::want_write) return;
        if (step != Step::done) return fail(caller, bench::TlsLink::last_failure());
        const BytesView heard(buffer_.data(), bytes);
        const bool whole =
            caller.phase == Phase::talk ? talk(caller, heard) : task_.heard(caller, heard);
        // What comes later is another edge.
        if (caller.phase == Phase::ended || (whole && !caller.link.has_pending())) return;
    }
}

/// Whether nothing is left of an answer that is not whole.
bool Crowd::talk(Caller& caller, BytesView bytes) {
    append(caller.heard, bytes);
    BytesView rest = caller.heard;
    while (caller.phase == Phase::talk && !rest.empty()) {
        const auto turn = conversation_.hear(caller.number, caller.stage, rest);
        if (!turn) {
            fail(caller, turn.error().message);
            return true;
        }
        if (turn->consumed == 0) break;
        rest = rest.subspan(turn->consumed);
        caller.stage = turn->stage;
        if (!turn->say.empty()) send(caller, turn->say);
        if (turn->ready) caller.phase = Phase::ready;
    }
    caller.heard = to_bytes(rest);
    if (caller.phase != Phase::ready) return caller.heard.empty();
    caller.heard = Bytes();
    --under_way_;
    ++counts_.ready;
    until_ready_.add(caller.since, moment());
    task_.ready(caller);
    return true;
}

void Crowd::send(Caller& caller, BytesView bytes) {
    append(caller.unsent, bytes);
    flush(caller);
}

/// Whether all is written and the connection lives.
bool Crowd::flush(Caller& caller) {
    BytesView rest = caller.unsent;
    while (!rest.empty()) {
        std::size_t bytes = 0;
        const Step step = caller.link.write(rest, bytes);
        if (step == Step::want_read || step == Step::want_write) break;
        if (step != Step::done) {
            fail(caller, bench::TlsLink::last_failure());
            return false;
        }
        rest = rest.subspan(bytes);
    }
    // Nothing is kept for a client that has said what it had to say.
    if (rest.size() != caller.unsent.size()) caller.unsent = to_bytes(rest);
    return caller.unsent.empty();
}

void Crowd::leave(Caller& caller) {
    if (caller.phase == Phase::ended) return;
    if (caller.phase == Phase::talk || caller.phase == Phase::ready) {
        const Bytes farewell = conversation_.farewell(caller.number);
        std::size_t written = 0;
        // A socket that does not take this is not waited for.
        if (!farewell.empty()) caller.link.write(farewell, written);
        caller.link.say_goodbye();
    }
    end(caller);
}

void Crowd::fail(Caller& caller, std::string_view what) {
    if (caller.phase == Phase::ended) return;
    if (++counts_.errors <= told_errors_max) {
        fmt::print(stderr, "storm: client {}: {}\n", caller.number, what);
    }
    end(caller);
}

void Crowd::end(Caller& caller) {
    if (caller.phase == Phase::handshake || caller.phase == Phase::talk) --under_way_;
    caller.phase = Phase::ended;
    caller.link = bench::TlsLink();
    ++counts_.ended;
}

}  // namespace restante::storm
