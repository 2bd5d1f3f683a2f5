#pragma once
// Threads that nobody can wait for within a bounded time: one whose handler does not return, one
// that waits for a name server. They are kept, and joined once they have ended, whenever the next
// one comes and when the program ends; those still running then are left to it.

#include <atomic>
#include <functional>
#include <memory>
#include <thread>

namespace restante::device {

/// `ended` turns true at the thread's very end.
void keep_straggler(std::thread thread, std::shared_ptr<const std::atomic<bool>> ended);

/// Runs `work` on a thread of its own.
void run_aside(std::move_only_function<void()> work);

}  // namespace restante::device
