#pragma once
// What the clients of a run saw, and the promises that it must keep (docs/reliability.md):
//
//     nothing acknowledged is lost before it has ended
//     nothing is delivered after its completion was acknowledged
//     first deliveries come in order, unless something came between
//     at most one live lock on a message
//     one feedback record for each end that asked for one
//     what arrives is what was sent, at the device it was for, and not where that was shut out
//
// It knows nothing of the hub's inside. The first broken promise is kept and ends the run.

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "line.hpp"
#include "registrations.hpp"

namespace restante::simulation {

class History {
  public:
    /// `trace`: says on standard output what it is told.
    History(std::uint64_t& step, const Clock& clock, const Registrations& registrations,
            Milliseconds lock_duration, bool trace)
        : step_(step),
          clock_(clock),
          registrations_(registrations),
          lock_duration_(lock_duration),
          trace_(trace) {}

    struct Sent {
        std::string id;  ///< "<17>", its messageId
        std::string body;
        std::string ack;
    };
    /// The next message that a service sends over `sender`.
    Sent send(const std::string& device, std::uint64_t sender, std::string_view ack, bool expires);
    void accepted(std::string_view id);
    void refused(std::string_view id);

    /// `since`: before this moment the hub cannot have handed it out.
    void delivered(const Line& line, SteadyTime since, std::uint64_t since_step,
                   std::string_view id, std::string_view body);
    void settling(const Line& line, std::string_view id, Ending ending);
    /// The hub has said that it did so.
    void settled(std::string_view id, Ending ending);

    /// A batch of feedback as it came; the ids in it.
    void feedback(std::uint64_t since_step, std::string_view json);
    void feedback_settled(std::string_view json);

    void line_opened(const Line& line);
    void line_lost(const Line& line);
    void disturbed();  ///< a crash, a jump of a clock: whoever held something holds it no more
    /// Asked for; from here to purged() each message of the device may be among the purged.
    void purging(const std::string& device);
    void purged(const std::string& device) { --purging_[device]; }
    /// As purging() and purged(); its feedback goes with it, and `surely` no message comes back.
    void deleting(const std::string& device);
    void deleted(const std::string& device, bool surely);
    void damaged(std::string_view id);

    /// All is quiet, every queue empty, all feedback read: what must have ended has ended.
    void finish();
    const std::optional<std::string>& violation() const { return violation_; }
    std::size_t accepted_count() const { return accepted_; }
    std::size_t delivered_count() const { return delivered_; }
    /// Grows with everything that is seen.
    std::size_t changes() const { return changes_; }

  private:
    struct Held {
        const Line* line;  ///< line_lost() lets go of it
        SteadyTime since;
    };
    struct Message {
        std::string device;
        std::string body;
        std::string ack;
        std::uint64_t sender;
        std::uint64_t sent_step;
        std::uint64_t number;
        bool expires = false;
        bool accepted = false;
        bool refused = false;
        bool purged = false;  ///< perhaps
        bool damaged = false;
        bool doomed = false;  ///< its device is perhaps deleted, with its feedback
        std::optional<std::uint64_t> gone_step;  ///< with its device
        bool delivered = false;
        std::set<Ending> asked;  ///< settlements that were sent
        std::optional<std::uint64_t> completed_step;
        std::vector<Held> held;
        std::map<std::size_t, std::string> feedback;  ///< batch, status
    };

    using Records = std::set<std::pair<std::string, std::string>>;

    Message* find(std::string_view id);
    static Records records_of(std::string_view json);
    std::size_t batch_of(const Records& records);
    bool may_be_ended(const Line& line) const;
    bool holds(const Held& held) const;
    void check_order(const Message& message, std::string_view id);
    void check_end(const std::string& id, const Message& message);
    void check_feedback(const std::string& id, const Message& message);
    void broken(std::string promise);
    /// For whoever reads a broken run.
    template <class... Arguments>
    void note(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
        ++changes_;
        if (trace_)
            fmt::print("{:>5} {}\n", step_,
                       fmt::format(text, std::forward<Arguments>(arguments)...));
    }

    std::uint64_t& step_;
    const Clock& clock_;
    const Registrations& registrations_;
    const Milliseconds lock_duration_;
    const bool trace_;
    std::map<std::string, Message, std::less<>> messages_;
    std::map<std::string, std::uint64_t> disturbed_;           ///< device, step
    std::map<std::string, std::size_t> lines_;                 ///< device, how many are open
    std::map<std::string, std::set<std::uint64_t>> at_place_;  ///< place, open lines
    std::set<std::uint64_t> contested_;  ///< lines that met another at their place
    std::vector<Records> batches_;
    std::map<std::size_t, std::uint64_t> settled_batch_step_;
    std::map<std::string, int> purging_;             ///< device, purges under way
    std::map<std::string, std::uint64_t> deleting_;  ///< device, step in which that was asked
    std::uint64_t last_ = 0;
    std::size_t accepted_ = 0;
    std::size_t delivered_ = 0;
    std::size_t changes_ = 0;
    std::optional<std::string> violation_;
};

}  // namespace restante::simulation
