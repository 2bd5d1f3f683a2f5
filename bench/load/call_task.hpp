#pragma once
// `load subscribe` and `load drain`: every device calls once, takes so many messages and leaves;
// for subscribe none. At most `concurrent` are connected at once.

#include <unordered_map>

#include "device_session.hpp"
#include "fleet/task.hpp"
#include "report.hpp"

namespace restante::load {

class CallTask final : public fleet::Task, public DeviceOwner {
  public:
    CallTask(Broker& broker, const Options& options, std::size_t each, Report& report)
        : broker_(broker), options_(options), each_(each), report_(report) {}

    void start() override;

  private:
    bool subscribed(const Member& member) override { return taken_[member.number()] == each_; }
    bool received(const Member& member, BytesView body) override;
    void ended(const Member& member, std::optional<Error> fault) override;

    void call_next();

    Broker& broker_;
    const Options& options_;
    const std::size_t each_;
    Report& report_;
    Moment began_{};
    std::size_t next_ = 1;
    std::size_t messages_ = 0;
    /// By the number of a device that is connected.
    std::unordered_map<std::size_t, std::size_t> taken_;
};

}  // namespace restante::load
