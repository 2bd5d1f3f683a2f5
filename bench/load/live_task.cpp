#include "live_task.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/byte_reader.hpp"

namespace restante::load {
namespace {

constexpr std::chrono::seconds warm_up{1};
constexpr std::chrono::microseconds tick_every{200};

std::uint64_t messages_of(const Options& options) {
    if (options.rate == 0) return std::numeric_limits<std::uint64_t>::max();
    return options.rate * static_cast<std::uint64_t>((warm_up + options.seconds).count());
}

}  // namespace

LiveTask::LiveTask(Broker& broker, const Options& options, Report& report)
    : broker_(broker),
      options_(options),
      report_(report),
      body_(Member(1).body(1, options.bytes - sizeof(std::uint64_t))),
      timer_(broker.loop().context()),
      wanted_(messages_of(options)) {
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
    if (began_ == Moment{}) {
        if (!link.can_send()) return;
        began_ = moment();
        if (options_.rate > 0) return tick();
    }
    send_due(link);
    conclude();
}

void LiveTask::tick() {
    timer_.expires_after(tick_every);
    timer_.async_wait([this](boost::system::error_code cancelled) {
        if (cancelled || over_) return;
        push();
        if (sent_ < wanted_) tick();
    });
}

/// Sends what is due, from outside a link.
void LiveTask::push() {
    if (std::exchange(pushing_, true)) return;
    SenderLink& link = *links_[next_link_++ % links_.size()];
    link.run([this, &link] {
        pushing_ = false;
        if (!over_) send_due(link);
    });
}

std::optional<Moment> LiveTask::next_from(Moment time) const {
    if (options_.rate == 0) {
        if (sent_ - received_ >= options_.in_flight) return std::nullopt;
        return time;
    }
    const Moment due =
        began_ + std::chrono::nanoseconds(sent_ * std::uint64_t{1'000'000'000} / options_.rate);
    if (due > time) return std::nullopt;
    // Within one tick it is the timer that was late, and not the broker.
    return time - due < 2 * tick_every ? time : due;
}

void LiveTask::send_due(SenderLink& link) {
    while (sent_ < wanted_ && link.can_send()) {
        const Moment time = moment();
        stop_at_peak(time);
        const auto from = next_from(time);
        if (!from || sent_ == wanted_) return;
        Bytes body;
        ByteWriter(body).u64(static_cast<std::uint64_t>(from->time_since_epoch().count()));
        append(body, body_);
        const auto sent = link.send(members_[sent_ % members_.size()], body, sent_);
        ++sent_;
        if (!sent) return refused(sent.error().message);
    }
}

void LiveTask::stop_at_peak(Moment time) {
    if (options_.rate == 0 && time - began_ >= warm_up + options_.seconds) wanted_ = sent_;
}

bool LiveTask::received(const Member&, BytesView body) {
    const Moment time = moment();
    const Moment from(std::chrono::nanoseconds(ByteReader(body).u64()));
    if (from < began_ || from > time) return false;  // of an earlier run: it waited
    ++received_;
    if (from - began_ >= warm_up) latencies_.add(from, time);
    if (options_.rate == 0 && sent_ < wanted_) push();
    conclude();
    return false;
}

void LiveTask::conclude() {
    if (over_ || sent_ < wanted_ || received_ < wanted_ || answered_ < wanted_) return;
    over_ = true;
    report_.figures["messages"] = static_cast<double>(latencies_.count());
    report_.figures["messages_per_second"] =
        static_cast<double>(wanted_) / seconds_between(began_, moment());
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
