#include "stragglers.hpp"

#include <cstdlib>
#include <list>
#include <mutex>
#include <utility>

namespace restante::device {
namespace {

struct Straggler {
    std::thread thread;
    std::shared_ptr<const std::atomic<bool>> ended;
};

struct Stragglers {
    std::mutex mutex;
    std::list<Straggler> all;
};

Stragglers& stragglers();

void join_ended() {
    auto& kept = stragglers();
    const std::lock_guard lock(kept.mutex);
    kept.all.remove_if([](Straggler& straggler) {
        if (!straggler.ended->load()) return false;
        straggler.thread.join();
        return true;
    });
}

/// Never destroyed: at the program's end a running thread may be neither joined nor let go.
Stragglers& stragglers() {
    static auto& kept = *[] {
        std::atexit(join_ended);
        return new Stragglers;
    }();
    return kept;
}

}  // namespace

void keep_straggler(std::thread thread, std::shared_ptr<const std::atomic<bool>> ended) {
    join_ended();
    auto& kept = stragglers();
    const std::lock_guard lock(kept.mutex);
    kept.all.push_back({.thread = std::move(thread), .ended = std::move(ended)});
}

void run_aside(std::move_only_function<void()> work) {
    auto ended = std::make_shared<std::atomic<bool>>(false);
    std::thread thread([work = std::move(work), ended]() mutable {
        work();
        work = nullptr;
        ended->store(true);
    });
    keep_straggler(std::move(thread), std::move(ended));
}

}  // namespace restante::device
