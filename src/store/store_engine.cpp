#include "store/store_engine.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"

namespace restante::store {

std::string_view to_string(Table table) {
    switch (table) {
        case Table::devices:
            return "devices";
        case Table::modules:
            return "modules";
        case Table::queue:
            return "queue";
        case Table::messages:
            return "messages";
        case Table::sequences:
            return "sequences";
        case Table::mqtt_subscriptions:
            return "mqtt_subscriptions";
        case Table::feedback_records:
            return "feedback_records";
        case Table::feedback_queue:
            return "feedback_queue";
        case Table::feedback_batches:
            return "feedback_batches";
    }
    return "unknown";
}

void WriteBatch::put(Table table, Bytes key, Bytes value) {
    add({.kind = Kind::put, .table = table, .key = std::move(key), .value = std::move(value)});
}

void WriteBatch::remove(Table table, Bytes key) {
    add({.kind = Kind::remove, .table = table, .key = std::move(key), .value = {}});
}

void WriteBatch::remove_prefix(Table table, Bytes prefix) {
    RESTANTE_ASSERT(std::ranges::any_of(prefix, [](std::uint8_t byte) { return byte != 0xFF; }));
    add({.kind = Kind::remove_prefix, .table = table, .key = std::move(prefix), .value = {}});
}

void WriteBatch::add(Operation operation) {
    size_bytes_ += operation.key.size() + operation.value.size();
    operations_.push_back(std::move(operation));
}

}  // namespace restante::store
