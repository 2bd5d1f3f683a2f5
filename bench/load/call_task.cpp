#include "call_task.hpp"

#include <fmt/format.h>

namespace restante::load {

void CallTask::start() {
    began_ = moment();
    call_next();
}

void CallTask::call_next() {
    while (taken_.size() < options_.concurrent && next_ <= options_.devices) {
        const Member member(next_++);
        taken_.emplace(member.number(), 0);
        broker_.connect(Broker::Port::mqtt,
                        std::make_unique<DeviceSession>(broker_, member, *this));
    }
    if (!taken_.empty()) return;
    const double took = seconds_between(began_, moment());
    report_.figures["seconds"] = took;
    report_.figures["devices_per_second"] = static_cast<double>(options_.devices) / took;
    report_.figures["messages"] = static_cast<double>(messages_);
    report_.figures["messages_per_second"] = static_cast<double>(messages_) / took;
    finish();
}

bool CallTask::received(const Member& member, BytesView) {
    ++messages_;
    return ++taken_[member.number()] == each_;
}

void CallTask::ended(const Member& member, std::optional<Error> fault) {
    if (fault) {
        report_.error(fmt::format("{} after {} messages: {}", member.name(),
                                  taken_[member.number()], fault->message));
    }
    taken_.erase(member.number());
    // Also when this run itself is ending: then the rest is not called.
    if (fault && fault->code == ErrorCode::cancelled) return finish();
    call_next();
}

}  // namespace restante::load
