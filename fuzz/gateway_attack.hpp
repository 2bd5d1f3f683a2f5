#pragma once
// One hostile connection to the World's hub, and what must hold of it whatever is said on it:
//
// - a peer reads messages only of whom it has shown a valid proof for, and counts as proved only
//   then;
// - what one step makes the session write has a bound;
// - a peer that falls silent is gone after two hours, by when each token here has expired, and a
//   session that has ended writes no more;
// - the messages of another device are all still there, and a bystander is served.

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "gateway_tokens.hpp"
#include "gateway_world.hpp"
#include "support/session_harness.hpp"

namespace restante::fuzz {

/// Bits of a script's operation: its frames go out with those of the next one; the hub falls
/// behind.
inline constexpr std::uint8_t hold_back = 0x80;
inline constexpr std::uint8_t hub_behind = 0x40;

class Attack {
  public:
    Attack(World& world, std::unique_ptr<net::Session> session, std::size_t step_bytes_max)
        : world_(world), peer_(std::move(session), world.clock), step_bytes_max_(step_bytes_max) {}

    /// The token that a byte of the script chooses.
    const std::string& show(std::uint8_t choice) {
        const Token& token = tokens()[choice % tokens().size()];
        shown_.reads_own |= token.reads_own;
        shown_.reads_all |= token.reads_all;
        shown_.sends |= token.sends;
        shown_.changes_registry |= token.changes_registry;
        shown_.proves |= token.proves;
        return token.text;
    }

    void say(BytesView bytes) {
        // Who says the words himself may be told them again.
        echoes_ |= as_text(bytes).contains("-secret");
        peer_.receive(bytes);
        if (!peer_.ended() && !shown_.proves) RESTANTE_ASSERT(!peer_.proved());
    }
    bool ended() const { return peer_.ended(); }
    const Bytes& heard() { return heard_; }

    /// The hub and the session do what waits, `rounds` times or until nothing is left.
    void work(std::size_t rounds = 1000) {
        while (rounds-- > 0 && (world_.work() || peer_.run_posted() > 0)) {
        }
    }
    void pass(Milliseconds time) {
        world_.clock.advance(time);
        world_.hub.advance();
        peer_.advance();
    }
    /// A longer script shows nothing that a day does not.
    void pass_within_a_day(Milliseconds time) {
        if (passed_ + time > std::chrono::hours(24)) return;
        passed_ += time;
        pass(time);
    }
    /// Says what is pending, unless that is held back and still below `held_bytes_max`. False then.
    bool end_step(std::uint8_t operation, Bytes& pending, std::size_t held_bytes_max) {
        if ((operation & hold_back) != 0 && pending.size() < held_bytes_max) return false;
        say(std::exchange(pending, {}));
        work((operation & hub_behind) != 0 ? 1 : 1000);
        check();
        return true;
    }
    /// What the owner and others do meanwhile.
    void disturb(std::uint8_t what) {
        if (what % 8 == 0) world_.send("own", own_secret);
        if (what % 8 == 1) victims_ += world_.send("victim", victim_secret) ? 1 : 0;
        if (what % 8 == 2) world_.create("own", model::DeviceStatus::disabled);
        if (what % 8 == 3) world_.create("own");
        if (what % 8 == 4) world_.remove("own");
        if (what % 8 == 5) world_.access.replace_keyring({.policies = {}, .authorities = {}});
        if (what % 8 == 6) {
            world_.access.replace_keyring({.policies = world_.policies, .authorities = {}});
        }
        if (what % 8 == 7) world_.send("own", std::string(std::size_t{what} * 16, 'x'));
    }

    /// To be called after each step.
    void check() {
        auto& output = peer_.output();
        RESTANTE_ASSERT(output.size() <= step_bytes_max_);
        append(heard_, std::exchange(output, {}));
        // A secret may stand across two steps' outputs.
        const auto from = checked_ - std::min<std::size_t>(checked_, victim_secret.size());
        const auto fresh = as_text(BytesView(heard_).subspan(from));
        checked_ = heard_.size();
        if (echoes_ || shown_.reads_all) return;
        RESTANTE_ASSERT(!fresh.contains(victim_secret));
        if (!shown_.reads_own) RESTANTE_ASSERT(!fresh.contains(own_secret));
    }

    void finish() {
        work();
        check();
        for (int round = 0; round < 4; ++round) {
            pass(std::chrono::hours(2));
            work();
        }
        check();
        RESTANTE_ASSERT(peer_.ended());
        peer_.receive("more");
        RESTANTE_ASSERT(peer_.output().empty());
        const bool untouched = !shown_.reads_all && !shown_.sends;
        if (untouched) RESTANTE_ASSERT(world_.queued("victim") == victims_);
        RESTANTE_ASSERT(world_.serves("bystander") || shown_.changes_registry);
    }

  private:
    World& world_;
    test::SessionHarness peer_;
    const std::size_t step_bytes_max_;
    Token shown_;
    bool echoes_ = false;
    Bytes heard_;
    std::size_t checked_ = 0;
    std::size_t victims_ = 1;
    Milliseconds passed_{};
};

}  // namespace restante::fuzz
