#include "store/store.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/keys.hpp"
#include "store/memory/memory_engine.hpp"
#include "store/records.hpp"
#include "store/rocksdb/rocksdb_engine.hpp"
#include "support/engine_calls.hpp"
#include "support/temporary_folder.hpp"

namespace restante::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

model::DeviceId id(std::string_view text) {
    return model::DeviceId::parse(text).value();
}

core::PutDevice device(std::string_view text, std::string generation = "1") {
    return {.identity = {.id = id(text), .generation_id = std::move(generation)}};
}

core::PutMessage message(std::string_view text, std::uint64_t sequence, std::string_view body) {
    auto made = std::make_shared<model::CloudToDeviceMessage>();
    made->body = to_bytes(body);
    return {.device = id(text), .queued = {.sequence = {sequence}}, .message = std::move(made)};
}

core::PutModule module(std::string_view text, std::string_view name) {
    return {.device = id(text),
            .identity = {.id = model::ModuleId::parse(name).value(), .generation_id = "1"}};
}

core::PutMqttSubscriptions subscription(std::string_view text) {
    return {.device = id(text), .subscriptions = {{.filter = "f", .granted_qos = 1}}};
}

/// What recovery reported, one line each, in order.
class RecordedRecovery final : public Recovery {
  public:
    void device(model::DeviceIdentity identity) override {
        lines.push_back(
            fmt::format("device {} generation {}", identity.id.value(), identity.generation_id));
    }
    void module(const model::DeviceId& device, model::ModuleIdentity identity) override {
        lines.push_back(fmt::format("module {} {} generation {}", device.value(),
                                    identity.id.value(), identity.generation_id));
    }
    void queued(const model::DeviceId& device, const model::QueuedMessage& message) override {
        lines.push_back(fmt::format("queued {} {} deliveries {}", device.value(),
                                    message.sequence.value, message.delivery_count));
    }
    void next_sequence(const model::DeviceId& device, model::SequenceNumber next) override {
        lines.push_back(fmt::format("next {} {}", device.value(), next.value));
    }
    void mqtt_subscriptions(const model::DeviceId& device,
                            model::MqttSubscriptions subscriptions) override {
        lines.push_back(fmt::format("subscriptions {} {}", device.value(), subscriptions.size()));
    }
    void feedback_record(core::FeedbackIndex index, model::FeedbackRecord record) override {
        lines.push_back(fmt::format("feedback {} {}", index.value, record.original_message_id));
    }
    void feedback_batch(model::QueuedMessage batch) override {
        lines.push_back(
            fmt::format("batch {} deliveries {}", batch.sequence.value, batch.delivery_count));
    }
    void damaged(Table table, BytesView key, const Error& reason) override {
        lines.push_back(fmt::format("damaged {} {}", to_string(table),
                                    key.empty() ? "" : as_text(key.first(1))));
        reasons.push_back(reason.message);
    }

    std::vector<std::string> lines;
    std::vector<std::string> reasons;
};

class StoreTest : public testing::Test {
  protected:
    void write(const core::ChangeSet& changes) {
        std::promise<Result<void>> answer;
        store_.write(changes, [&](Result<void> result) { answer.set_value(std::move(result)); });
        ASSERT_TRUE(answer.get_future().get());
    }

    std::string body(std::string_view device, std::uint64_t sequence) {
        std::promise<std::string> answer;
        store_.read_message(id(device), {sequence}, [&](auto read) {
            answer.set_value(!read   ? read.error().message
                             : *read ? to_text((*read)->body)
                                     : "(none)");
        });
        return answer.get_future().get();
    }

    RecordedRecovery recover() {
        RecordedRecovery recovery;
        EXPECT_TRUE(Store(engine_).recover(recovery));
        return recovery;
    }

    std::vector<std::string> recovered() { return recover().lines; }

    std::size_t records() {
        std::size_t count = 0;
        for (const Table table : tables) count += test::keys(engine_, table).size();
        return count;
    }

    MemoryEngine engine_;
    Store store_{engine_};
};

TEST_F(StoreTest, RecoversDevicesBeforeWhatBelongsToThemAndQueuesInOrder) {
    write({module("b", "m"), message("b", 300, "third"), message("b", 2, "second"),
           message("b", 1, "first"), message("a", 9, "x"), subscription("b"),
           core::PutNextSequence{id("a"), {10}}, device("b"), device("a", "2"), device("ab")});
    EXPECT_THAT(recovered(), ElementsAre("device a generation 2", "device ab generation 1",
                                         "device b generation 1", "module b m generation 1",
                                         "next a 10", "queued a 9 deliveries 0",
                                         "queued b 1 deliveries 0", "queued b 2 deliveries 0",
                                         "queued b 300 deliveries 0", "subscriptions b 1"));
}

TEST_F(StoreTest, ReadsAMessageUntilItIsDeleted) {
    write({device("a"), message("a", 1, "one"), message("a", 2, "two")});
    EXPECT_EQ(body("a", 1), "one");
    write({core::DeleteMessage{id("a"), {1}}});
    EXPECT_EQ(body("a", 1), "(none)");
    EXPECT_EQ(body("a", 2), "two");
    EXPECT_THAT(recovered(), ElementsAre("device a generation 1", "queued a 2 deliveries 0"));
}

TEST_F(StoreTest, UpdatesWhatIsKnownOfAMessageAndLeavesItsBody) {
    write({device("a"), message("a", 1, "one")});
    write({core::UpdateMessage{id("a"), {.sequence = {1}, .delivery_count = 4}}});
    EXPECT_THAT(recovered(), ElementsAre("device a generation 1", "queued a 1 deliveries 4"));
    EXPECT_EQ(body("a", 1), "one");
}

TEST_F(StoreTest, DeletesEverythingOfADeviceAndNothingOfItsNeighbours) {
    for (const auto* name : {"a", "ab", "b"}) {
        write({device(name), module(name, "m1"), module(name, "m2"), message(name, 1, "one"),
               message(name, 2, "two"), subscription(name), core::PutNextSequence{id(name), {3}}});
    }
    const std::size_t before = records();
    write({core::DeleteDevice{id("a")}});
    EXPECT_EQ(records(), before / 3 * 2);
    EXPECT_EQ(body("a", 1), "(none)");
    EXPECT_EQ(body("ab", 1), "one");
    write({core::DeleteDevice{id("ab")}, core::DeleteDevice{id("b")}});
    EXPECT_EQ(records(), 0U);
}

TEST_F(StoreTest, AppliesChangesOfOneSetInOrder) {
    write({device("a"), message("a", 1, "old"), core::DeleteDevice{id("a")}, device("a", "2"),
           message("a", 2, "new"), message("a", 3, "gone"), core::DeleteMessage{id("a"), {3}}});
    EXPECT_THAT(recovered(), ElementsAre("device a generation 2", "queued a 2 deliveries 0"));
    EXPECT_EQ(body("a", 1), "(none)");
}

TEST_F(StoreTest, DeletesOneModuleAndReportsThoseOfNoDevice) {
    write({device("a"), module("a", "m1"), module("a", "m2"), module("ab", "m1")});
    write({core::DeleteModule{id("a"), model::ModuleId::parse("m1").value()}});
    EXPECT_THAT(recovered(), ElementsAre("device a generation 1", "module a m2 generation 1",
                                         "damaged modules a"));
    ASSERT_TRUE(test::put(engine_, Table::modules, "no module key", "v"));
    EXPECT_EQ(recover().reasons.size(), 2U);
}

TEST_F(StoreTest, EndsAStoredSessionWithAnEmptyList) {
    write({device("a"), subscription("a")});
    write({core::PutMqttSubscriptions{id("a"), {}}});
    EXPECT_THAT(recovered(), ElementsAre("device a generation 1"));
}

TEST_F(StoreTest, WritesASetAsOneBatch) {
    engine_.fail_next_commit(Error(ErrorCode::storage_failed, "full"));
    std::promise<Result<void>> answer;
    store_.write({device("a"), message("a", 1, "one")},
                 [&](Result<void> result) { answer.set_value(std::move(result)); });
    EXPECT_EQ(answer.get_future().get().error().message, "full");
    EXPECT_EQ(records(), 0U);
}

TEST_F(StoreTest, ReadsOneDeviceByItsWholeIdOnly) {
    write({device("ab", "7"), device("b")});
    EXPECT_EQ(store_.read_device(id("ab"))->generation_id, "7");
    EXPECT_EQ(store_.read_device(id("a")).error().code, ErrorCode::device_not_found);
    EXPECT_EQ(store_.read_device(id("c")).error().code, ErrorCode::device_not_found);
    ASSERT_TRUE(test::put(engine_, Table::devices, "b", "nonsense"));
    EXPECT_EQ(store_.read_device(id("b")).error().code, ErrorCode::malformed);
}

// -- damage --------------------------------------------------------------------------------------

TEST_F(StoreTest, ReportsADamagedQueueRecordAndNeverGivesItsNumberAway) {
    write({device("a"), message("a", 1, "one"), message("a", 2, "two")});
    WriteBatch damage;
    damage.put(Table::queue, message_key(id("a"), {2}), to_bytes("nonsense"));
    ASSERT_TRUE(test::commit(engine_, std::move(damage)));
    const auto recovery = recover();
    EXPECT_THAT(recovery.lines, ElementsAre("device a generation 1", "queued a 1 deliveries 0",
                                            "next a 3", "damaged queue a"));
    EXPECT_THAT(recovery.reasons, ElementsAre(HasSubstr("queued message record")));
}

TEST_F(StoreTest, ReportsADamagedMessageToItsReader) {
    write({device("a"), message("a", 1, "one")});
    WriteBatch damage;
    damage.put(Table::messages, message_key(id("a"), {1}), to_bytes("nonsense"));
    ASSERT_TRUE(test::commit(engine_, std::move(damage)));
    EXPECT_THAT(body("a", 1), HasSubstr("message record"));
}

TEST_F(StoreTest, ReportsRecordsWithoutADeviceAndRecoversTheRest) {
    write({device("a"), device("c"), message("a", 1, "one"), message("b", 1, "orphan"),
           subscription("b"), core::PutNextSequence{id("b"), {5}}, message("c", 1, "one")});
    ASSERT_TRUE(test::put(engine_, Table::queue, "no message key", "v"));
    const auto recovery = recover();
    EXPECT_EQ(recovery.reasons.size(), 4U);
    EXPECT_THAT(recovery.lines,
                testing::IsSupersetOf({"device a generation 1", "device c generation 1",
                                       "queued a 1 deliveries 0", "queued c 1 deliveries 0"}));
    EXPECT_EQ(recovery.lines.size(), 8U);
}

TEST_F(StoreTest, GivesANewDeviceNothingOfOneWhoseIdentityWasDamaged) {
    write({device("a"), module("a", "m"), message("a", 1, "of the old one"), subscription("a")});
    ASSERT_TRUE(test::put(engine_, Table::devices, "a", "nonsense"));
    RecordedRecovery recovery;
    ASSERT_TRUE(store_.recover(recovery));
    write({device("a", "2")});
    EXPECT_THAT(recovered(), ElementsAre("device a generation 2"));
    EXPECT_EQ(body("a", 1), "(none)");

    // And only once: what the new one gets is its own.
    write({message("a", 1, "of the new one")});
    write({device("a", "2")});
    EXPECT_EQ(body("a", 1), "of the new one");
}

TEST_F(StoreTest, RecoversNothingFromAnEmptyStore) {
    EXPECT_THAT(recovered(), IsEmpty());
}

TEST(StoreOnRocksDb, HoldsAHubAcrossARestart) {
    const restante::test::TemporaryFolder folder;
    for (int life = 0; life < 2; ++life) {
        auto engine = RocksDbEngine::open(folder.path() / "store");
        ASSERT_TRUE(engine) << engine.error().message;
        Store store(**engine);
        RecordedRecovery recovery;
        ASSERT_TRUE(store.recover(recovery));
        if (life == 1) {
            EXPECT_THAT(recovery.lines,
                        ElementsAre("device a generation 1", "queued a 1 deliveries 0"));
            break;
        }
        std::promise<Result<void>> answer;
        store.write({device("a"), message("a", 1, "one"), device("b"), message("b", 1, "two"),
                     core::DeleteDevice{id("b")}},
                    [&](Result<void> result) { answer.set_value(std::move(result)); });
        ASSERT_TRUE(answer.get_future().get());
    }
}

TEST_F(StoreTest, FeedbackIsARecordUntilItIsInABatch) {
    const model::FeedbackRecord record{
        .device = id("a"), .generation_id = "1", .original_message_id = "m", .ended_at = {}};
    write({core::PutFeedbackRecord{.index = {1}, .record = record},
           core::PutFeedbackRecord{.index = {2}, .record = record}});
    EXPECT_THAT(recovered(), ElementsAre("feedback 1 m", "feedback 2 m"));
    write({core::DeleteFeedbackRecord{.index = {1}},
           core::PutFeedbackBatch{
               .queued = {.sequence = {5}},
               .records = std::make_shared<model::FeedbackBatch>(model::FeedbackBatch{record})}});
    write({core::UpdateFeedbackBatch{.queued = {.sequence = {5}, .delivery_count = 1}}});
    EXPECT_THAT(recovered(), ElementsAre("feedback 2 m", "batch 5 deliveries 1"));
    std::promise<std::optional<model::FeedbackBatch>> read;
    store_.read_feedback({5}, [&](auto batch) { read.set_value(batch.value()); });
    EXPECT_EQ(read.get_future().get(), model::FeedbackBatch{record});
    write({core::DeleteFeedbackBatch{.sequence = {5}}, core::DeleteFeedbackRecord{.index = {2}}});
    EXPECT_EQ(records(), 0u);
}

}  // namespace
}  // namespace restante::store
