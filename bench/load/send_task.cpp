#include "send_task.hpp"

#include <algorithm>

namespace restante::load {
namespace {

constexpr std::chrono::milliseconds warm_up{500};

/// A device list of a million names would cost more memory than it saves time.
constexpr std::size_t members_kept_max = 100'000;

}  // namespace

SendTask::SendTask(Broker& broker, const Options& options, Report& report)
    : broker_(broker), options_(options), report_(report), body_(Member(1).body(1, options.bytes)) {
    for (std::size_t n = 1; n <= std::min(options.devices, members_kept_max); ++n) {
        members_.emplace_back(n);
    }
}

void SendTask::start() {
    open_ = std::min(options_.connections, options_.in_flight);
    const std::size_t window = options_.in_flight / open_;
    for (std::size_t n = 0; n < open_; ++n) {
        links_.push_back(&open_link(broker_, options_, window, *this));
    }
}

bool SendTask::more(Moment time) const {
    if (leaving_) return false;
    if (options_.each > 0) return sent_at_.size() < options_.each * options_.devices;
    return time < count_until_;
}

void SendTask::ready(SenderLink& link) {
    Moment time = moment();
    while (link.can_send() && more(time)) {
        if (sent_at_.empty() && options_.each == 0) {
            count_from_ = time + warm_up;
            count_until_ = count_from_ + options_.seconds;
        }
        const std::uint64_t ticket = sent_at_.size();
        const std::size_t place = ticket % options_.devices;
        sent_at_.push_back(time);
        const auto sent = place < members_.size() ? link.send(members_[place], body_, ticket)
                                                  : link.send(Member(place + 1), body_, ticket);
        if (!sent) return refused(sent.error().message);
        time = moment();
    }
    conclude();
}

void SendTask::acknowledged(std::uint64_t ticket) {
    ++answered_;
    last_answer_ = moment();
    if (!counts(last_answer_)) return;
    ++counted_;
    latencies_.add(sent_at_[ticket], last_answer_);
}

void SendTask::refused(std::string reason) {
    ++answered_;
    report_.error(std::move(reason));
}

void SendTask::conclude() {
    if (leaving_ || sent_at_.empty() || answered_ < sent_at_.size() || more(moment())) return;
    leaving_ = true;
    const Moment from = options_.each > 0 ? sent_at_.front() : count_from_;
    const Moment until = options_.each > 0 ? last_answer_ : count_until_;
    report_.figures["messages"] = static_cast<double>(counted_);
    report_.figures["messages_per_second"] =
        static_cast<double>(counted_) / seconds_between(from, until);
    report_.tell(latencies_);
    for (SenderLink* link : links_) {
        link->run([link] { link->leave(); });
    }
}

void SendTask::ended(std::optional<Error> fault) {
    if (fault && !leaving_) {
        report_.error("a sender's connection: " + fault->message);
        leaving_ = true;
        return finish();
    }
    if (--open_ == 0) finish();
}

}  // namespace restante::load
