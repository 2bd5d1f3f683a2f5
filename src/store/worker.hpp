#pragma once
// One thread that runs jobs in the order they were posted.
//
// Owned by an engine. Its end runs what is left, also what those jobs post, and then joins. Any
// thread may post. Jobs must not throw.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace restante::store {

class Worker {
  public:
    using Job = std::move_only_function<void()>;

    Worker();
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    void post(Job job);

  private:
    void run();

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Job> jobs_;
    bool ending_ = false;
    std::thread thread_;
};

}  // namespace restante::store
