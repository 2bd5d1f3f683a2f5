#include "store/memory/memory_engine.hpp"

#include <gtest/gtest.h>

#include "support/engine_calls.hpp"

namespace restante::store {
namespace {

WriteBatch one_put() {
    WriteBatch batch;
    batch.put(Table::devices, to_bytes("k"), to_bytes("v"));
    return batch;
}

TEST(MemoryEngine, DoesNothingBeforeItIsToldToWhenItHasNoThread) {
    MemoryEngine engine(MemoryEngine::Completion::run_pending);
    std::vector<std::string> answers;
    engine.commit(one_put(), [&](auto) {
        answers.emplace_back("committed");
        engine.get(Table::devices, to_bytes("k"), [&](auto) { answers.emplace_back("later"); });
    });
    engine.get(Table::devices, to_bytes("k"),
               [&](auto value) { answers.push_back(to_text(**value)); });
    EXPECT_TRUE(answers.empty());
    EXPECT_TRUE(test::keys(engine, Table::devices).empty());

    EXPECT_EQ(engine.run_pending(), 2U);
    EXPECT_EQ(answers, (std::vector<std::string>{"committed", "v"}));
    EXPECT_EQ(engine.run_pending(), 1U);
    EXPECT_EQ(answers.back(), "later");
    EXPECT_EQ(engine.run_pending(), 0U);
}

TEST(MemoryEngine, AnswersWhatIsPendingWhenItEnds) {
    bool answered = false;
    {
        MemoryEngine engine(MemoryEngine::Completion::run_pending);
        engine.commit(one_put(), [&](auto result) { answered = result.has_value(); });
    }
    EXPECT_TRUE(answered);
}

TEST(MemoryEngine, FailsEveryCommitAfterTheOneItWasToldToFail) {
    MemoryEngine engine;
    ASSERT_TRUE(test::put(engine, Table::devices, "before", "v"));
    engine.fail_next_commit(Error(ErrorCode::storage_failed, "the disk is gone"));
    EXPECT_EQ(test::put(engine, Table::devices, "k", "v").error().message, "the disk is gone");
    EXPECT_EQ(test::put(engine, Table::devices, "k", "v").error().message, "the disk is gone");
    EXPECT_EQ(test::keys(engine, Table::devices), std::vector<std::string>{"before"});
}

}  // namespace
}  // namespace restante::store
