#pragma once
// Who waits for feedback right now, and how to wake them. Owned and used by Hub on its loop.

#include <cstdint>
#include <functional>
#include <unordered_map>

#include "hub/attachments.hpp"

namespace restante::hub {

class FeedbackReceivers {
  public:
    void add(AttachmentId id, std::function<void()> available) {
        available_.insert_or_assign(id.value, std::move(available));
    }
    void remove(AttachmentId id) { available_.erase(id.value); }
    /// Hints to all: whoever asks first gets it.
    void wake() const {
        for (const auto& [id, available] : available_) available();
    }

  private:
    std::unordered_map<std::uint64_t, std::function<void()>> available_;
};

}  // namespace restante::hub
