#pragma once
// For tests that call the hub themselves: its answers, and a log that keeps nothing.

#include <future>
#include <memory>

#include "base/logger.hpp"
#include "hub/hub.hpp"

namespace restante::test {

struct NoLog final : LogSink {
    void write(std::string_view) override {}
};

/// A value that some other thread will give; waiting for it is bounded.
template <class T>
class Awaited {
  public:
    hub::Answer<T> answer() {
        return [promise = promise_](Result<T> result) { promise->set_value(std::move(result)); };
    }
    Result<T> get() {
        if (future_.wait_for(std::chrono::seconds(10)) != std::future_status::ready) {
            return fail(ErrorCode::timeout, "no answer came");
        }
        return future_.get();
    }
    bool answered() {
        return future_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    }

  private:
    std::shared_ptr<std::promise<Result<T>>> promise_ = std::make_shared<std::promise<Result<T>>>();
    std::future<Result<T>> future_ = promise_->get_future();
};

}  // namespace restante::test
