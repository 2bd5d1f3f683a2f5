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
        pipeline.add(std::move(changes), [this, name] { answered += name; });
        for (auto& ready : pipeline.take_ready()) ready();
    }
    void finish() {
        for (auto& done : pipeline.finish_batch()) done();
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

TEST_F(CommitPipelineTest, CountsTheBytesThatAreNotOnDisk) {
    auto message = std::make_shared<model::CloudToDeviceMessage>();
    message->body.resize(100);
    add({core::PutMessage{.device = *model::DeviceId::parse("d"), .message = message}}, 'a');
    EXPECT_EQ(pipeline.uncommitted_bytes(), 100u);
    pipeline.start_batch();
    EXPECT_EQ(pipeline.uncommitted_bytes(), 100u);
    finish();
    EXPECT_EQ(pipeline.uncommitted_bytes(), 0u);
}

}  // namespace
}  // namespace restante::hub
