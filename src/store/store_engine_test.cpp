// What every engine promises, checked for each of them.

#include "store/store_engine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <thread>

#include "store/memory/memory_engine.hpp"
#include "store/rocksdb/rocksdb_engine.hpp"
#include "support/engine_calls.hpp"
#include "support/temporary_folder.hpp"

namespace restante::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::string_literals;

struct EngineKind {
    const char* name;
    std::unique_ptr<StoreEngine> (*open)(const std::filesystem::path& folder);
};

class StoreEngineTest : public testing::TestWithParam<EngineKind> {
  protected:
    restante::test::TemporaryFolder folder_;
    std::unique_ptr<StoreEngine> engine_ = GetParam().open(folder_.path());
};

TEST_P(StoreEngineTest, AnswersWithNothingForAKeyThatWasNeverWritten) {
    EXPECT_EQ(test::text_at(*engine_, Table::devices, "d"), "(none)");
}

TEST_P(StoreEngineTest, AppliesTheOperationsOfABatchInOrder) {
    WriteBatch batch;
    batch.put(Table::queue, to_bytes("a1"), to_bytes("first"));
    batch.put(Table::queue, to_bytes("a2"), to_bytes("first"));
    batch.put(Table::queue, to_bytes("a3"), to_bytes("first"));
    batch.remove(Table::queue, to_bytes("a2"));
    batch.put(Table::queue, to_bytes("a3"), to_bytes("second"));
    ASSERT_TRUE(test::commit(*engine_, std::move(batch)));
    EXPECT_THAT(test::keys(*engine_, Table::queue), ElementsAre("a1", "a3"));
    EXPECT_EQ(test::text_at(*engine_, Table::queue, "a3"), "second");
}

TEST_P(StoreEngineTest, KeepsTheTablesApart) {
    WriteBatch batch;
    for (const Table table : tables) {
        batch.put(table, to_bytes("k"), to_bytes(to_string(table)));
    }
    ASSERT_TRUE(test::commit(*engine_, std::move(batch)));
    ASSERT_TRUE(test::put(*engine_, Table::queue, "only", "here"));
    for (const Table table : tables) {
        EXPECT_EQ(test::text_at(*engine_, table, "k"), to_string(table));
        EXPECT_EQ(test::text_at(*engine_, table, "only"),
                  table == Table::queue ? "here" : "(none)");
    }
}

TEST_P(StoreEngineTest, RemovesWhatStartsWithAPrefixAndNothingElse) {
    WriteBatch batch;
    for (const auto& key : {"a\0\x01"s, "a\0\xFF\xFF"s, "a"s, "ab\0\x01"s, "a\x01"s, "b\0\x01"s}) {
        batch.put(Table::messages, to_bytes(key), to_bytes("v"));
    }
    ASSERT_TRUE(test::commit(*engine_, std::move(batch)));
    WriteBatch removal;
    removal.remove_prefix(Table::messages, to_bytes("a\0"s));
    ASSERT_TRUE(test::commit(*engine_, std::move(removal)));
    EXPECT_THAT(test::keys(*engine_, Table::messages),
                ElementsAre("a", "a\x01", "ab\0\x01"s, "b\0\x01"s));
}

TEST_P(StoreEngineTest, RemovesAPrefixThatEndsInTheHighestByte) {
    WriteBatch batch;
    for (const auto& key : {"a\xFE", "a\xFF", "a\xFF\xFF\xFF", "b"}) {
        batch.put(Table::messages, to_bytes(key), to_bytes("v"));
    }
    batch.remove_prefix(Table::messages, to_bytes("a\xFF"));
    ASSERT_TRUE(test::commit(*engine_, std::move(batch)));
    EXPECT_THAT(test::keys(*engine_, Table::messages), ElementsAre("a\xFE", "b"));
}

TEST_P(StoreEngineTest, RemovesOfAPrefixOnlyWhatWasThereBefore) {
    WriteBatch batch;
    batch.put(Table::queue, to_bytes("a\0old"s), to_bytes("v"));
    batch.remove_prefix(Table::queue, to_bytes("a\0"s));
    batch.put(Table::queue, to_bytes("a\0new"s), to_bytes("v"));
    ASSERT_TRUE(test::commit(*engine_, std::move(batch)));
    EXPECT_THAT(test::keys(*engine_, Table::queue), ElementsAre("a\0new"s));
    EXPECT_EQ(test::text_at(*engine_, Table::queue, "a\0old"s), "(none)");
}

TEST_P(StoreEngineTest, ScansAPrefixInTheOrderOfTheBytesUntilTold) {
    WriteBatch batch;
    for (const auto& key : {"b\x80", "b\x7F", "b", "a\xFF", "c"}) {
        batch.put(Table::devices, to_bytes(key), to_bytes("v"));
    }
    ASSERT_TRUE(test::commit(*engine_, std::move(batch)));
    EXPECT_THAT(test::keys(*engine_, Table::devices, "b"), ElementsAre("b", "b\x7F", "b\x80"));
    EXPECT_THAT(test::keys(*engine_, Table::devices, "d"), IsEmpty());

    std::vector<std::string> seen;
    ASSERT_TRUE(engine_->scan(Table::devices, {}, [&](BytesView key, BytesView) {
        seen.push_back(to_text(key));
        return seen.size() < 2;
    }));
    EXPECT_THAT(seen, ElementsAre("a\xFF", "b"));
}

TEST_P(StoreEngineTest, KeepsLargeAndEmptyValuesWhole) {
    Bytes large(3 * 1024 * 1024);
    for (std::size_t i = 0; i < large.size(); ++i) {
        large[i] = static_cast<std::uint8_t>(i * 31 >> 3);
    }
    WriteBatch batch;
    batch.put(Table::messages, to_bytes("large"), large);
    batch.put(Table::messages, to_bytes("empty"), {});
    EXPECT_EQ(batch.size_bytes(), large.size() + 10);
    ASSERT_TRUE(test::commit(*engine_, std::move(batch)));
    EXPECT_EQ(test::get(*engine_, Table::messages, to_bytes("large")).value(), large);
    EXPECT_EQ(test::get(*engine_, Table::messages, to_bytes("empty")).value(), Bytes());
}

TEST_P(StoreEngineTest, AnswersCommitsInTheOrderTheyWereSubmittedOutsideTheCall) {
    constexpr int count = 100;
    std::vector<int> answered;
    bool elsewhere = true;
    std::promise<void> last;
    for (int i = 0; i < count; ++i) {
        WriteBatch batch;
        batch.put(Table::sequences, to_bytes("k"), to_bytes(std::to_string(i)));
        engine_->commit(std::move(batch), [&, i, caller = std::this_thread::get_id()](auto result) {
            elsewhere = elsewhere && std::this_thread::get_id() != caller && result;
            answered.push_back(i);
            if (i + 1 == count) last.set_value();
        });
    }
    last.get_future().wait();
    ASSERT_EQ(answered.size(), count);
    EXPECT_TRUE(std::ranges::is_sorted(answered));
    EXPECT_TRUE(elsewhere);
    EXPECT_EQ(test::text_at(*engine_, Table::sequences, "k"), "99");
}

TEST_P(StoreEngineTest, AnswersAnEmptyBatchToo) {
    EXPECT_TRUE(test::commit(*engine_, {}));
}

TEST_P(StoreEngineTest, NeverShowsHalfABatch) {
    std::promise<void> last;
    constexpr int rounds = 200;
    for (int i = 0; i < rounds; ++i) {
        WriteBatch batch;
        batch.put(Table::queue, to_bytes("same"), to_bytes(std::to_string(i)));
        batch.remove(Table::queue, to_bytes("x" + std::to_string(i - 1)));
        batch.put(Table::queue, to_bytes("x" + std::to_string(i)), to_bytes("v"));
        engine_->commit(std::move(batch), [&, i](auto) {
            if (i + 1 == rounds) last.set_value();
        });
    }
    auto done = last.get_future();
    while (done.wait_for(std::chrono::seconds::zero()) != std::future_status::ready) {
        std::string number = "none yet";
        std::vector<std::string> others;
        ASSERT_TRUE(engine_->scan(Table::queue, {}, [&](BytesView key, BytesView value) {
            if (as_text(key) == "same") {
                number = as_text(value);
            } else {
                others.push_back(to_text(key));
            }
            return true;
        }));
        if (number != "none yet") ASSERT_THAT(others, ElementsAre("x" + number));
    }
}

TEST_P(StoreEngineTest, FinishesWhatWasSubmittedBeforeItEnds) {
    int answered = 0;
    for (int i = 0; i < 20; ++i) {
        WriteBatch batch;
        batch.put(Table::queue, to_bytes("k"), to_bytes("v"));
        engine_->commit(std::move(batch), [&](auto result) { answered += result ? 1 : 0; });
    }
    engine_.reset();
    EXPECT_EQ(answered, 20);
}

INSTANTIATE_TEST_SUITE_P(
    Engines, StoreEngineTest,
    testing::Values(EngineKind{"Memory",
                               [](const auto&) -> std::unique_ptr<StoreEngine> {
                                   return std::make_unique<MemoryEngine>();
                               }},
                    EngineKind{"RocksDb",
                               [](const auto& folder) -> std::unique_ptr<StoreEngine> {
                                   auto opened = RocksDbEngine::open(folder / "store");
                                   if (!opened) throw std::runtime_error(opened.error().message);
                                   return std::move(*opened);
                               }}),
    [](const auto& kind) { return std::string(kind.param.name); });

}  // namespace
}  // namespace restante::store
