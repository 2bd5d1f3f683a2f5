#pragma once
// How RocksDB is set up for a hub: every acknowledged byte on disk, little memory while idle.
// Seen by rocksdb_engine.cpp, and by the program in bench/ that measures RocksDB alone.

#include <rocksdb/db.h>
#include <rocksdb/options.h>

#include <vector>

namespace restante::store {

/// For the one process that owns the folder.
rocksdb::DBOptions owner_options();

/// For a look into a folder that another process may own: leaves no file there, not even a log.
rocksdb::DBOptions reader_options();

/// The tables, in the order of `tables`, and after them the one RocksDB insists on, which stays
/// empty.
std::vector<rocksdb::ColumnFamilyDescriptor> column_families();

}  // namespace restante::store
