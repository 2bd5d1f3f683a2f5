#pragma once
// The engine's asynchronous verbs as ordinary calls, for tests.

#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/store_engine.hpp"

namespace restante::test {

using store::StoreEngine;
using store::Table;
using store::WriteBatch;

inline Result<void> commit(StoreEngine& engine, WriteBatch batch) {
    std::promise<Result<void>> answer;
    auto answered = answer.get_future();
    engine.commit(std::move(batch), [&](Result<void> result) { answer.set_value(result); });
    return answered.get();
}

inline Result<void> resume(StoreEngine& engine) {
    std::promise<Result<void>> answer;
    auto answered = answer.get_future();
    engine.resume([&](Result<void> result) { answer.set_value(std::move(result)); });
    return answered.get();
}

inline Result<void> put(StoreEngine& engine, Table table, std::string_view key,
                        std::string_view value) {
    WriteBatch batch;
    batch.put(table, to_bytes(key), to_bytes(value));
    return commit(engine, std::move(batch));
}

inline Result<std::optional<Bytes>> get(StoreEngine& engine, Table table, Bytes key) {
    std::promise<Result<std::optional<Bytes>>> answer;
    auto answered = answer.get_future();
    engine.get(table, std::move(key), [&](auto result) { answer.set_value(std::move(result)); });
    return answered.get();
}

/// The value as text, "(none)" or "(error)".
inline std::string text_at(StoreEngine& engine, Table table, std::string_view key) {
    const auto value = get(engine, table, to_bytes(key));
    if (!value) return "(error)";
    return *value ? to_text(**value) : "(none)";
}

/// The keys that start with `prefix`, as text, in the engine's order.
inline std::vector<std::string> keys(StoreEngine& engine, Table table,
                                     std::string_view prefix = {}) {
    std::vector<std::string> found;
    const auto scanned = engine.scan(table, as_bytes(prefix), [&](BytesView key, BytesView) {
        found.push_back(to_text(key));
        return true;
    });
    if (!scanned) found.push_back("(error)");
    return found;
}

}  // namespace restante::test
