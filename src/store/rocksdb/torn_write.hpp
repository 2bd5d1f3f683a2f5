#pragma once
// The write that a power cut tore: which part of a log counts when some of its end never reached
// the disk. Used while the store is opened; keeps nothing.
//
// A commit is one record of the log, and none is written before the one in front of it is synced.
// So a cut can damage the last record only, and nobody was told of that one. It may have left a
// prefix of it, or, where the file had grown first or the disk had taken its sectors out of order,
// a record with holes. RocksDB forgets the prefix and refuses the holes: it cannot know that they
// are in the last record. Here that is looked up: is anything behind the damage?
//
// The price: a last record that was acknowledged and is damaged later, on a disk that loses bytes
// at rest, looks the same and is forgotten too. So it already is when it loses its end.

#include <cstddef>

#include "base/bytes.hpp"

namespace restante::store {

/// How many bytes of a log are whole records, if all behind them is one record that is not, or
/// zeros that were put there ahead (log_files.hpp). Otherwise all: RocksDB shall say what is wrong.
std::size_t counted_bytes(BytesView log);

}  // namespace restante::store
