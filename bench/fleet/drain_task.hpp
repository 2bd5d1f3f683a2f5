#pragma once
// `fleet drain`: every device calls, takes all its messages and completes them.
//
//     first calls ─▶ second calls, which must find nothing ─▶ the registry says that none waits
//
// At most `concurrent` devices are connected at once. A call that takes too long is ended and
// counts as an error, so the end is always reached.

#include <map>
#include <memory>
#include <vector>

#include "inbox.hpp"
#include "registry_run.hpp"
#include "task.hpp"

namespace restante::fleet {

class DrainTask final : public Task {
  public:
    DrainTask(HubClient& hub, const Options& options, Tally& tally);

    void start() override;

  private:
    enum class Round : std::uint8_t { first_calls, second_calls, registry };

    struct Call {
        net::ConnectionHandle handle;
        SteadyTime until;
        bool late = false;
    };

    Transport transport_of(const Member& member) const;
    void start_round(Round round);
    void call_next();
    void call(Inbox& inbox);
    std::unique_ptr<net::Session> device_session(Inbox& inbox, Ended ended);
    void call_ended(Inbox& inbox, const std::optional<Error>& fault);
    void end_late_calls();

    HubClient& hub_;
    const Options& options_;
    Tally& tally_;
    net::Timer timer_;
    Round round_ = Round::first_calls;
    SteadyTime round_began_{};
    std::vector<Inbox> inboxes_;
    std::size_t next_ = 0;
    std::map<const Inbox*, Call> calls_;
    bool stopping_ = false;
    RegistryRun registry_;
};

}  // namespace restante::fleet
