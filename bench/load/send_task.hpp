#pragma once
// `load send`: as many messages as the window allows, to each device in turn. Either for so many
// seconds, of which the first half second does not count, or so many for each device.

#include <vector>

#include "fleet/task.hpp"
#include "report.hpp"
#include "sender_link.hpp"

namespace restante::load {

class SendTask final : public fleet::Task, public SenderOwner {
  public:
    SendTask(Broker& broker, const Options& options, Report& report);

    void start() override;

  private:
    void ready(SenderLink& link) override;
    void acknowledged(std::uint64_t ticket) override;
    void refused(std::string reason) override;
    void ended(std::optional<Error> fault) override;

    bool more(Moment time) const;
    bool counts(Moment time) const { return time >= count_from_ && time < count_until_; }
    void conclude();

    Broker& broker_;
    const Options& options_;
    Report& report_;
    const Bytes body_;
    std::vector<Member> members_;
    std::vector<SenderLink*> links_;
    std::size_t open_ = 0;
    bool leaving_ = false;
    std::vector<Moment> sent_at_;  ///< by ticket
    std::size_t answered_ = 0;
    Moment count_from_{};
    Moment count_until_ = Moment::max();
    Moment last_answer_{};
    std::size_t counted_ = 0;
    Latencies latencies_;
};

}  // namespace restante::load
