#pragma once
// Threads that nobody can wait for within a bounded time: one whose handler does not return, one
// that waits for a name server. They are kept, and joined once they have ended, whenever the next
// one comes and when the program ends. It then waits a second for one that has not: most are about
// to; the rest are left to the program's end.

#include <functional>
#include <future>
#include <thread>

namespace restante::device {

/// `ended` becomes ready at the thread's very end.
void keep_straggler(std::thread thread, std::future<void> ended);

/// Runs `work` on a thread of its own.
void run_aside(std::move_only_function<void()> work);

}  // namespace restante::device
