#include "store/worker.hpp"

#include <utility>

#include "base/short_turns.hpp"

namespace restante::store {

Worker::Worker() : thread_([this] { run(); }) {}

Worker::~Worker() {
    {
        const std::lock_guard guard(mutex_);
        ending_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void Worker::post(Job job) {
    {
        const std::lock_guard guard(mutex_);
        jobs_.push_back(std::move(job));
    }
    wake_.notify_one();
}

void Worker::run() {
    ask_for_short_turns();
    std::unique_lock guard(mutex_);
    while (true) {
        wake_.wait(guard, [this] { return ending_ || !jobs_.empty(); });
        if (jobs_.empty()) return;
        {
            Job job = std::move(jobs_.front());
            jobs_.pop_front();
            guard.unlock();
            job();
        }
        guard.lock();
    }
}

}  // namespace restante::store
