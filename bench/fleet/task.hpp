#pragma once
// A verb of the command line under way: starts on the fleet's loop and says when it is over.

#include <functional>
#include <future>
#include <optional>
#include <utility>

#include "base/error.hpp"

namespace restante::fleet {

class Task {
  public:
    virtual ~Task() = default;

    /// On the loop, once.
    virtual void start() = 0;

    std::future<void> done() { return done_.get_future(); }

  protected:
    /// On the loop; the first call counts.
    void finish() {
        if (!std::exchange(finished_, true)) done_.set_value();
    }

  private:
    std::promise<void> done_;
    bool finished_ = false;
};

/// How a session tells its task that it is over, once: nullopt when all was said and done.
using Ended = std::move_only_function<void(std::optional<Error>)>;

}  // namespace restante::fleet
