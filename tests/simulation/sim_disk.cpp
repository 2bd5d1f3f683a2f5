#include "sim_disk.hpp"

#include <utility>
#include <vector>

#include "base/text.hpp"

namespace restante::simulation {

void SimDisk::commit(store::WriteBatch batch, Committed done) {
    writes_.push_back({.batch = std::move(batch), .done = std::move(done)});
}

void SimDisk::resume(Committed done) {
    resuming_ = std::move(done);
}

void SimDisk::get(store::Table table, Bytes key, Got done) {
    reads_.push_back({.table = table, .key = std::move(key), .done = std::move(done)});
}

Result<void> SimDisk::scan(store::Table table, BytesView prefix, const Visitor& visit) {
    return contents_.scan(table, prefix, visit);
}

void SimDisk::apply(store::WriteBatch batch) {
    contents_.commit(std::move(batch), [](const Result<void>&) {});
    contents_.run_pending();
}

void SimDisk::fail_one() {
    Write write = std::move(writes_.front());
    writes_.pop_front();
    if (!failed_ && random_.chance(50)) apply(std::move(write.batch));
    failed_ = true;
    write.done(fail(ErrorCode::storage_failed, "no space left on device"));
}

void SimDisk::answer_resume() {
    auto done = std::exchange(resuming_, std::nullopt);
    if (well_ || random_.chance(50)) failing_ = failed_ = false;
    (*done)(failed_ ? Result<void>(fail(ErrorCode::storage_failed, "still no space left"))
                    : Result<void>());
}

bool SimDisk::step() {
    if (resuming_ && writes_.empty()) {
        answer_resume();
        return true;
    }
    if (writes_.empty() && reads_.empty()) return false;
    if (writes_.empty() || (!reads_.empty() && random_.chance(50))) {
        Read read = std::move(reads_.front());
        reads_.pop_front();
        contents_.get(read.table, std::move(read.key), std::move(read.done));
        contents_.run_pending();
        return true;
    }
    if (failing_) {
        fail_one();
        return true;
    }
    const std::size_t group = 1 + random_.below(writes_.size());
    std::vector<Committed> synced;
    for (std::size_t i = 0; i < group; ++i) {
        apply(std::move(writes_.front().batch));
        synced.push_back(std::move(writes_.front().done));
        writes_.pop_front();
    }
    for (auto& done : synced) done({});
    return true;
}

void SimDisk::crash() {
    const std::size_t survive = failed_ ? 0 : random_.below(writes_.size() + 1);
    for (std::size_t i = 0; i < survive; ++i) apply(std::move(writes_[i].batch));
    writes_.clear();
    reads_.clear();
    resuming_.reset();
    failing_ = failed_ = false;
}

std::optional<std::string> SimDisk::damage_a_message() {
    std::vector<std::pair<Bytes, Bytes>> records;
    static_cast<void>(
        contents_.scan(store::Table::messages, {}, [&](BytesView key, BytesView value) {
            records.emplace_back(to_bytes(key), to_bytes(value));
            return true;
        }));
    if (records.empty()) return std::nullopt;
    auto& [key, value] = records[random_.below(records.size())];
    // Ids in this run are "<number>".
    const std::string text = to_text(value);
    const auto begin = text.find('<');
    const auto end = text.find('>');
    if (begin == std::string::npos || end == std::string::npos) return std::nullopt;
    // An engine checks what it reads, so a flipped bit shows as a record that cannot be read.
    value.resize(random_.below(begin + 1));
    store::WriteBatch batch;
    batch.put(store::Table::messages, std::move(key), std::move(value));
    apply(std::move(batch));
    return text.substr(begin, end + 1 - begin);
}

}  // namespace restante::simulation
