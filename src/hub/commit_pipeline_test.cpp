#include "hub/commit_pipeline.hpp"

#include <gtest/gtest.h>

namespace restante::hub {
namespace {

class CommitPipelineTest : public testing::Test {
  protected:
    static core::ChangeSet one_change() {
        return {core::DeleteDevice{.device = *model::DeviceId::parse("d")}};
    }
    void add(core::ChangeSet changes, char name) {
        pipeline.add(std::move(changes),
                     [this, name](const Result<void>& stored) { answered += stored ? name : '!'; });
        for (auto& ready : pipeline.take_ready()) ready({});
    }
    void finish() {
        for (auto& done : pipeline.finish_batch()) done({});
    }
    void fail_batch() {
        for (auto& done : pipeline.keep_batch()) done(fail(ErrorCode::storage_failed, "full"));
    }
    static core::ChangeSet message(const char* device, std::size_t bytes) {
        auto message = std::make_shared<model::CloudToDeviceMessage>();
        message->body.resize(bytes);
        return {core::PutMessage{.device = *model::DeviceId::parse(device), .message = message}};
    }

    CommitPipeline pipeline;
    std::string answered;
};

TEST_F(CommitPipelineTest, AnswersNothingBeforeItsBatchIsFinished) {
    add(one_change(), 'a');
    ASSERT_NE(pipeline.start_batch(), nullptr);
    EXPECT_EQ(answered, "");
    finish();
    EXPECT_EQ(answered, "a");
    EXPECT_TRUE(pipeline.idle());
}

TEST_F(CommitPipelineTest, GathersWhatComesWhileABatchIsWritten) {
    add(one_change(), 'a');
    pipeline.start_batch();
    add(one_change(), 'b');
    add(one_change(), 'c');
    EXPECT_EQ(pipeline.start_batch(), nullptr) << "one batch at a time";
    finish();
    const auto* batch = pipeline.start_batch();
    ASSERT_NE(batch, nullptr);
    EXPECT_EQ(batch->size(), 2u);
    finish();
    EXPECT_EQ(answered, "abc");
}

TEST_F(CommitPipelineTest, AnEmptySetWaitsForWhatItMayHaveSeen) {
    add({}, 'a');
    EXPECT_EQ(answered, "a") << "nothing to wait for";
    add(one_change(), 'b');
    add({}, 'c');
    pipeline.start_batch();
    add({}, 'd');
    EXPECT_EQ(answered, "a");
    finish();
    EXPECT_EQ(answered, "abcd");
    EXPECT_EQ(pipeline.start_batch(), nullptr);
}

TEST_F(CommitPipelineTest, WhatNobodyWaitsForGoesWithWhatSomebodyDoes) {
    pipeline.add_unhurried(one_change());
    EXPECT_EQ(pipeline.start_batch(), nullptr);
    EXPECT_FALSE(pipeline.idle());
    add({}, 'a');
    EXPECT_EQ(answered, "") << "it may have seen what is not on disk";
    const auto* batch = pipeline.start_batch();
    ASSERT_NE(batch, nullptr);
    EXPECT_EQ(batch->size(), 1u);
    finish();
    EXPECT_EQ(answered, "a");

    pipeline.add_unhurried(one_change());
    EXPECT_EQ(pipeline.start_batch(), nullptr);
    pipeline.hurry();
    EXPECT_NE(pipeline.start_batch(), nullptr);
}

TEST_F(CommitPipelineTest, CountsTheBytesThatAreNotOnDisk) {
    add(message("d", 100), 'a');
    EXPECT_EQ(pipeline.uncommitted_bytes(), 100u);
    pipeline.start_batch();
    EXPECT_EQ(pipeline.uncommitted_bytes(), 100u);
    finish();
    EXPECT_EQ(pipeline.uncommitted_bytes(), 0u);
}

TEST_F(CommitPipelineTest, WhatFailedLeadsTheNextBatch) {
    add(message("a", 10), 'a');
    ASSERT_NE(pipeline.start_batch(), nullptr);
    add(one_change(), 'b');
    fail_batch();
    EXPECT_EQ(answered, "!!") << "whoever waited behind it hears of it too";
    pipeline.add_unhurried(one_change());
    EXPECT_EQ(pipeline.uncommitted_bytes(), 10u);
    EXPECT_TRUE(pipeline.keeps_message_for(*model::DeviceId::parse("a")));
    EXPECT_FALSE(pipeline.keeps_message_for(*model::DeviceId::parse("d")));

    const auto* batch = pipeline.start_batch();
    ASSERT_NE(batch, nullptr);
    ASSERT_EQ(batch->size(), 3u);
    EXPECT_TRUE(std::holds_alternative<core::PutMessage>(batch->front()));
    finish();
    EXPECT_EQ(answered, "!!");
    EXPECT_TRUE(pipeline.idle());
    EXPECT_EQ(pipeline.uncommitted_bytes(), 0u);
    EXPECT_FALSE(pipeline.keeps_message_for(*model::DeviceId::parse("a")));
}

}  // namespace
}  // namespace restante::hub
