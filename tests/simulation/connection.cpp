#include "connection.hpp"

#include <utility>

namespace restante::simulation {
namespace {

Bytes take_some(Bytes& from, Random& random, bool all) {
    if (all) return std::exchange(from, {});
    const auto count = static_cast<std::ptrdiff_t>(1 + random.below(from.size()));
    Bytes taken(from.begin(), from.begin() + count);
    from.erase(from.begin(), from.begin() + count);
    return taken;
}

}  // namespace

bool Connection::carry_up(Random& random, bool all) {
    append(up_, peer_->take_output());
    if (up_.empty()) return false;
    const Bytes some = take_some(up_, random, all);
    hub_end_.receive(some);
    note_end();
    return true;
}

bool Connection::carry_down(Random& random, bool all) {
    append(down_, std::exchange(hub_end_.output(), {}));
    if (down_.empty()) return false;
    peer_->receive(take_some(down_, random, all));
    return true;
}

std::size_t Connection::run_posted() {
    const std::size_t count = hub_end_.run_posted();
    note_end();
    return count;
}

void Connection::advance() {
    hub_end_.advance();
    note_end();
    peer_->advance();
}

void Connection::lose() {
    hub_end_.drop();
    note_end();
}

bool Connection::over() {
    if (peer_->over()) return true;
    return hub_end_.ended() && down_.empty() && hub_end_.output().empty();
}

}  // namespace restante::simulation
