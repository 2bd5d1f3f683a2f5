#pragma once
// What one device has received, and the judge of what comes next: messages 1, 2, 3 in order, byte
// for byte, none twice. Owned by the drain, used by the device's session of the moment.

#include "base/result.hpp"
#include "common/member.hpp"

namespace restante::fleet {

class Inbox {
  public:
    Inbox(Member member, std::size_t each, std::size_t bytes)
        : member_(std::move(member)), each_(each), bytes_(bytes) {}

    const Member& member() const { return member_; }
    std::size_t taken() const { return taken_; }
    bool complete() const { return taken_ == each_; }

    /// Errors: protocol_error, saying what came instead of the message that is due. A message is
    /// completed as soon as it is taken, so one that comes again is a fault of the hub's.
    Result<void> take(BytesView body);

  private:
    Member member_;
    std::size_t each_;
    std::size_t bytes_;
    std::size_t taken_ = 0;
};

}  // namespace restante::fleet
