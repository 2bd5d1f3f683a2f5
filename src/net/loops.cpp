#include "net/loops.hpp"

#include <signal.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <future>

#include "base/assert.hpp"
#include "base/short_turns.hpp"
#include "net/connection.hpp"
#include "net/loop.hpp"

namespace restante::net {
namespace {

thread_local const Loop* current_loop = nullptr;

/// OpenSSL writes with write(2), which raises SIGPIPE when the peer has gone. Blocked here it stays
/// an error code, and the program's own signal dispositions are left alone.
void block_sigpipe() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

}  // namespace

Loop::Loop() : context_(std::make_unique<asio::io_context>(1)) {
    guard_.emplace(context_->get_executor());
}

Loop::~Loop() = default;

bool Loop::post(Work work) {
    const std::lock_guard lock(mutex_);
    if (!open_) return false;
    asio::post(*context_, std::move(work));
    return true;
}

bool Loop::run(Work work) {
    RESTANTE_ASSERT(current_loop == nullptr);
    std::promise<void> done;
    auto waiting = done.get_future();
    if (!post([&done, &work] {
            work();
            done.set_value();
        })) {
        return false;
    }
    waiting.wait();
    return true;
}

bool Loop::is_current() const {
    return current_loop == this;
}

bool Loop::add(const std::shared_ptr<Connection>& connection, Place& place) {
    if (closing_) return false;
    place = connections_.insert(connections_.end(), connection);
    return true;
}

void Loop::remove(Place place) {
    connections_.erase(place);
}

void Loop::close_connections(const void* group, const Error& reason) {
    // A copy, because each one removes itself as it closes.
    const std::vector<std::shared_ptr<Connection>> all(connections_.begin(), connections_.end());
    for (const auto& connection : all) {
        if (group == nullptr || connection->group() == group) connection->close(reason);
    }
}

void Loop::start() {
    thread_ = std::thread([this] {
        block_sigpipe();
        ask_for_short_turns();
        current_loop = this;
        context_->run();
    });
}

void Loop::end() {
    const std::lock_guard lock(mutex_);
    if (!open_) return;
    open_ = false;
    asio::post(*context_, [this] {
        closing_ = true;
        close_connections(nullptr, Error(ErrorCode::cancelled, "the program is shutting down"));
        // Posted once more, so that work this thread has left for itself comes first and is
        // refused in its own way.
        asio::post(*context_, [this] { context_->stop(); });
    });
}

void Loop::join() {
    RESTANTE_ASSERT(!is_current());
    if (thread_.joinable()) thread_.join();
}

void Loop::release() {
    guard_.reset();
    context_.reset();
}

struct Loops::Turn {
    std::atomic<std::size_t> next{0};
};

Loops::Loops(std::size_t threads) : turn_(std::make_unique<Turn>()) {
    for (std::size_t i = 0; i < std::max<std::size_t>(threads, 1); ++i) {
        loops_.push_back(std::make_shared<Loop>());
    }
    for (const auto& loop : loops_) loop->start();
}

Loops::~Loops() {
    stop();
    for (const auto& loop : loops_) loop->release();
}

Loop& Loops::next() {
    return *loops_[turn_->next.fetch_add(1, std::memory_order_relaxed) % loops_.size()];
}

void Loops::stop() {
    for (const auto& loop : loops_) loop->end();
    for (const auto& loop : loops_) loop->join();
}

}  // namespace restante::net
