#include "live_task.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/byte_reader.hpp"

namespace restante::load {
namespace {

constexpr std::chrono::seconds warm_up{1};
constexpr std::chrono::microseconds tick_every{200};

}  // namespace

LiveTask::LiveTask(Broker& broker, const Options& options, Report& report)
    : broker_(broker),
      options_(options),
      report_(report),
      body_(Member(1).body(1, options.bytes - sizeof(std::uint64_t))),
      timer_(broker.loop().context()),
      wanted_(options.rate * static_cast<std::uint64_t>((warm_up + options.seconds).count())) {
    for (std::size_t n = 1; n <= options.devices; ++n) members_.emplace_back(n);
}

void LiveTask::start() {
    for (const Member& member : members_) {
        broker_.connect(Broker::Port::mqtt,
                        std::make_unique<DeviceSession>(broker_, member, *this));
    }
}

bool LiveTask::subscribed(const Member&) {
    if (++subscribed_ < members_.size()) return false;
    for (std::size_t n = 0; n < options_.connections; ++n) {
        links_.push_back(
            &open_link(broker_, options_,
                       std::max<std::size_t>(1, options_.in_flight / options_.connections), *this));
    }
    return false;
}

void LiveTask::ready(SenderLink& link) {
    if (over_) return;
    if (began_ == Ticks{}) {
        if (!link.can_send()) return;
        began_ = now();
        return tick();
    }
    send_due(link);
    conclude();
}

void LiveTask::tick() {
    timer_.expires_after(tick_every);
    timer_.async_wait([this](boost::system::error_code cancelled) {
        if (cancelled || over_) return;
        SenderLink& link = *links_[next_link_++ % links_.size()];
        link.run([this, &link] {
            if (!over_) send_due(link);
        });
        if (sent_ < wanted_) tick();
    });
}

Ticks LiveTask::due_at(std::uint64_t ticket) const {
    return began_ + Ticks(ticket * std::uint64_t{1'000'000} / options_.rate);
}

void LiveTask::send_due(SenderLink& link) {
    while (sent_ < wanted_ && link.can_send()) {
        const Ticks due = due_at(sent_);
        const Ticks time = now();
        if (due > time) return;
        // Within one tick it is the timer that was late, and not the broker.
        const Ticks from = time - due < 2 * tick_every ? time : due;
        Bytes body;
        ByteWriter(body).u64(static_cast<std::uint64_t>(from.count()));
        append(body, body_);
        const auto sent = link.send(members_[sent_ % members_.size()], body, sent_);
        ++sent_;
        if (!sent) return refused(sent.error().message);
    }
}

bool LiveTask::received(const Member&, BytesView body) {
    const Ticks time = now();
    const Ticks from(static_cast<std::int64_t>(ByteReader(body).u64()));
    ++received_;
    if (from - began_ >= warm_up) latencies_.add(time - from);
    conclude();
    return false;
}

void LiveTask::conclude() {
    if (over_ || sent_ < wanted_ || received_ < wanted_ || answered_ < wanted_) return;
    over_ = true;
    report_.figures["messages"] = static_cast<double>(latencies_.size());
    report_.figures["messages_per_second"] = static_cast<double>(wanted_) / seconds(now() - began_);
    report_.tell(latencies_);
    finish();
}

void LiveTask::refused(std::string reason) {
    give_up(std::move(reason));
}

void LiveTask::ended(std::optional<Error> fault) {
    if (fault) give_up("a sender's connection: " + fault->message);
}

void LiveTask::ended(const Member& member, std::optional<Error> fault) {
    if (fault) give_up(fmt::format("{}: {}", member.name(), fault->message));
}

void LiveTask::give_up(std::string reason) {
    if (std::exchange(over_, true)) return;
    report_.error(std::move(reason));
    report_.error(fmt::format("{} of {} messages were sent, {} acknowledged, {} received", sent_,
                              wanted_, answered_, received_));
    finish();
}

}  // namespace restante::load
