#include "stragglers.hpp"

#include <chrono>
#include <cstdlib>
#include <list>
#include <mutex>
#include <utility>

namespace restante::device {
namespace {

constexpr std::chrono::seconds patience_at_exit{1};

struct Straggler {
    std::thread thread;
    std::future<void> ended;
};

struct Stragglers {
    std::mutex mutex;
    std::list<Straggler> all;
};

Stragglers& stragglers();

/// The first that is not through after `patience` uses it up for all.
void join_ended(std::chrono::milliseconds patience) {
    auto& kept = stragglers();
    const std::lock_guard lock(kept.mutex);
    kept.all.remove_if([&](Straggler& straggler) {
        if (straggler.ended.wait_for(patience) != std::future_status::ready) {
            patience = patience.zero();
            return false;
        }
        straggler.thread.join();
        return true;
    });
}

/// Never destroyed: at the program's end a running thread may be neither joined nor let go.
Stragglers& stragglers() {
    static auto& kept = *[] {
        std::atexit([] { join_ended(patience_at_exit); });
        return new Stragglers;
    }();
    return kept;
}

}  // namespace

void keep_straggler(std::thread thread, std::future<void> ended) {
    join_ended(std::chrono::milliseconds(0));
    auto& kept = stragglers();
    const std::lock_guard lock(kept.mutex);
    kept.all.push_back({.thread = std::move(thread), .ended = std::move(ended)});
}

void run_aside(std::move_only_function<void()> work) {
    std::promise<void> end;
    auto ended = end.get_future();
    std::thread thread([work = std::move(work), end = std::move(end)]() mutable {
        work();
        work = nullptr;
        end.set_value();
    });
    keep_straggler(std::move(thread), std::move(ended));
}

}  // namespace restante::device
