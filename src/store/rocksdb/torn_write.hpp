#pragma once
// The write that a power cut tore: which part of a log counts when some of its end never reached
// the disk. Used while the store is opened; keeps nothing.
//
// A commit is one record of the log, and none is written before the one in front of it is synced.
// So a cut can damage the last record only, and nobody was told of that one. It may have left a
// prefix of it, or, where the file had grown first or the disk had taken its sectors out of order,
// a record with holes. RocksDB forgets the prefix and mostly refuses the holes, for it cannot know
// that they are in the last record; but what begins with zeros it skips to the end of the block,
// whatever that was. So it gets to read only what was found whole here, and to find that is to ask
// of any damage: is something behind it?
//
// The price: a last record that was acknowledged and is damaged later, on a disk that loses bytes
// at rest, looks the same and is forgotten too. So it already is when it loses its end.

#include <cstddef>
#include <optional>

#include "base/bytes.hpp"

namespace restante::store {

struct LogEnd {
    std::size_t bytes;  ///< of whole records
    bool torn;          ///< behind them is one that is not; if not, zeros put ahead or nothing
};

/// Nothing if there is damage in front of the last record.
std::optional<LogEnd> end_of(BytesView log);

}  // namespace restante::store
