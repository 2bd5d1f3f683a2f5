#pragma once
// `load live`: devices that are there, and a sender that sends at a steady rate whatever comes
// back.
//
//     a message is due ─▶ sent ─▶ broker ─▶ the device has it: this long it took
//
// A message that cannot be sent when it is due counts from when it was due, so that a broker that
// falls behind shows it. Without a rate: as many as go with the window's number on their way to the
// devices, which says what the peak is. The first second does not count.

#include <vector>

#include "device_session.hpp"
#include "fleet/task.hpp"
#include "report.hpp"
#include "sender_link.hpp"

namespace restante::load {

class LiveTask final : public fleet::Task, public SenderOwner, public DeviceOwner {
  public:
    LiveTask(Broker& broker, const Options& options, Report& report);

    void start() override;

  private:
    // from senders
    void ready(SenderLink& link) override;
    void acknowledged(std::uint64_t) override { ++answered_; }
    void refused(std::string reason) override;
    void ended(std::optional<Error> fault) override;

    // from devices
    bool subscribed(const Member& member) override;
    bool received(const Member& member, BytesView body) override;
    void ended(const Member& member, std::optional<Error> fault) override;

    void tick();
    void push();
    void send_due(SenderLink& link);
    /// From when the next message counts; nullopt: it is not its turn.
    std::optional<Moment> next_from(Moment time) const;
    void stop_at_peak(Moment time);
    void conclude();
    void give_up(std::string reason);

    Broker& broker_;
    const Options& options_;
    Report& report_;
    const Bytes body_;
    std::vector<Member> members_;
    std::size_t subscribed_ = 0;
    std::vector<SenderLink*> links_;
    net::Timer timer_;
    Moment began_{};
    std::uint64_t wanted_;  ///< messages of the whole run; at the peak known at its end
    bool pushing_ = false;
    std::uint64_t sent_ = 0;
    std::uint64_t answered_ = 0;
    std::uint64_t received_ = 0;
    std::size_t next_link_ = 0;
    bool over_ = false;
    Latencies latencies_;
};

}  // namespace restante::load
