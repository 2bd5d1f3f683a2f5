#include "store/memory/memory_engine.hpp"

#include <algorithm>
#include <utility>

namespace restante::store {
namespace {

bool starts_with(BytesView key, BytesView prefix) {
    return key.size() >= prefix.size() && std::ranges::equal(key.first(prefix.size()), prefix);
}

}  // namespace

MemoryEngine::MemoryEngine(Completion completion) {
    if (completion == Completion::own_thread) worker_ = std::make_unique<Worker>();
}

MemoryEngine::~MemoryEngine() {
    while (run_pending() > 0) {
    }
}

void MemoryEngine::commit(WriteBatch batch, Committed done) {
    submit([this, batch = std::move(batch), done = std::move(done)]() mutable {
        done(apply(std::move(batch)));
    });
}

void MemoryEngine::get(Table table, Bytes key, Got done) {
    submit([this, table, key = std::move(key), done = std::move(done)]() mutable {
        std::optional<Bytes> value;
        {
            const std::lock_guard guard(mutex_);
            const Contents& all = contents(table);
            if (const auto found = all.find(key); found != all.end()) value = found->second;
        }
        done(std::move(value));
    });
}

Result<void> MemoryEngine::scan(Table table, BytesView prefix, const Visitor& visit) {
    Contents copy;
    {
        const std::lock_guard guard(mutex_);
        copy = contents(table);
    }
    for (auto at = copy.lower_bound(to_bytes(prefix)); at != copy.end(); ++at) {
        if (!starts_with(at->first, prefix) || !visit(at->first, at->second)) break;
    }
    return {};
}

std::size_t MemoryEngine::run_pending() {
    std::vector<Worker::Job> work;
    {
        const std::lock_guard guard(mutex_);
        work.swap(pending_);
    }
    for (auto& job : work) job();
    return work.size();
}

void MemoryEngine::resume(Committed done) {
    submit([this, done = std::move(done)]() mutable {
        Result<void> result;
        {
            const std::lock_guard guard(mutex_);
            if (mended_) failure_.reset();
            if (failure_) result = std::unexpected(*failure_);
        }
        done(std::move(result));
    });
}

void MemoryEngine::fail_next_commit(Error error) {
    const std::lock_guard guard(mutex_);
    failure_ = std::move(error);
    mended_ = false;
}

void MemoryEngine::mend() {
    const std::lock_guard guard(mutex_);
    mended_ = true;
}

void MemoryEngine::submit(Worker::Job work) {
    if (worker_) {
        worker_->post(std::move(work));
        return;
    }
    const std::lock_guard guard(mutex_);
    pending_.push_back(std::move(work));
}

Result<void> MemoryEngine::apply(WriteBatch batch) {
    const std::lock_guard guard(mutex_);
    if (failure_) return std::unexpected(*failure_);
    for (const auto& [kind, table, key, value] : batch.operations()) {
        Contents& all = contents(table);
        switch (kind) {
            case WriteBatch::Kind::put:
                all.insert_or_assign(key, value);
                break;
            case WriteBatch::Kind::remove:
                all.erase(key);
                break;
            case WriteBatch::Kind::remove_prefix:
                for (auto at = all.lower_bound(key);
                     at != all.end() && starts_with(at->first, key);) {
                    at = all.erase(at);
                }
                break;
        }
    }
    return {};
}

}  // namespace restante::store
