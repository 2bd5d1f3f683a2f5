#pragma once
// The system's files, with two things different about RocksDB's logs.
//
// Where one ends while it is read: behind its last record that is whole (torn_write.hpp). One that
// is damaged before is not opened.
//
// How it grows: a file that becomes longer has its new length synced too, in another place of the
// disk. So small commits are written over zeros that were put there half a megabyte at a time. One
// of a single send takes 155 us instead of 215, one of 32 sends 0.31 ms instead of 0.46, and one of
// 512 what it took. A log that nobody closed ends with such zeros.

#include <rocksdb/env.h>

namespace restante::store {

/// Lives for ever.
rocksdb::Env* env_for_logs();

}  // namespace restante::store
