#pragma once
// What the commands that commit share: what is asked of them and what they tell.

#include <cstddef>
#include <filesystem>

#include "common/measure.hpp"

namespace restante::limits {

struct CommitPlan {
    std::filesystem::path folder;
    std::size_t bytes = 0;  ///< of a record's body
    std::size_t batch = 0;  ///< records in one commit
    std::size_t queues = 1;
    std::size_t seconds = 0;
};

struct CommitFigures {
    std::size_t records = 0;
    double seconds = 0;            ///< what the two rates are of
    bench::Latencies latencies;    ///< one for each commit
    double preparing_seconds = 0;  ///< not among `seconds`
};

/// The raw append log: a batch of records in one buffer, one write(), one fdatasync(). Throws
/// std::runtime_error.
CommitFigures measure_append_log(const CommitPlan& plan);

/// What RocksDB alone commits of the records that a hub writes for each message it takes, with the
/// hub's options. Throws std::runtime_error.
CommitFigures measure_rocksdb(const CommitPlan& plan);

}  // namespace restante::limits
