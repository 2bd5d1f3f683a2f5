#include "hub/hub.hpp"

#include <gtest/gtest.h>

#include "store/keys.hpp"
#include "store/memory/memory_engine.hpp"
#include "support/awaited.hpp"
#include "support/counter.hpp"
#include "support/manual_clock.hpp"

namespace restante::hub {
namespace {

using namespace std::chrono_literals;
using test::Awaited;
using test::Counter;
using test::NoLog;

class HubTest : public testing::Test {
  protected:
    HubTest() { EXPECT_TRUE(hub.start()); }
    ~HubTest() override { hub.stop(); }

    model::DeviceDescription create(model::DeviceStatus status = model::DeviceStatus::enabled) {
        Awaited<model::DeviceDescription> created;
        hub.registry().put_device({.id = device, .status = status}, {}, created.answer());
        return *created.get();
    }
    Result<model::SequenceNumber> send(std::string_view body) {
        Awaited<model::SequenceNumber> sent;
        model::CloudToDeviceMessage message;
        message.body = to_bytes(body);
        hub.enqueue(device, std::move(message), sent.answer());
        return sent.get();
    }
    AttachmentId attach(std::uint64_t version, Protocol protocol = Protocol::mqtt,
                        std::optional<model::ModuleId> as_module = std::nullopt) {
        const AttachmentId id = hub.new_attachment_id();
        Awaited<model::MqttSubscriptions> attached;
        hub.attach({.id = id,
                    .device = device,
                    .module = std::move(as_module),
                    .identity_version = version,
                    .protocol = protocol,
                    .peer = "test",
                    .events = {.message_available = [this] { woken.add(); },
                               .ended =
                                   [this](const Error& reason) {
                                       ended_with = reason.code;
                                       ended.add();
                                   }}},
                   attached.answer());
        EXPECT_TRUE(attached.get());
        return id;
    }
    model::ModuleDescription put_module(const model::ModuleId& id,
                                        core::WriteCondition condition = {}) {
        Awaited<model::ModuleDescription> made;
        hub.registry().put_module({.device = device, .id = id}, condition, made.answer());
        return *made.get();
    }
    model::ModuleDescription find_module(const model::ModuleId& id) {
        Awaited<model::ModuleDescription> found;
        hub.registry().find_module(device, id, found.answer());
        return *found.get();
    }
    std::vector<model::LockedMessage> receive(AttachmentId id) {
        Awaited<std::vector<model::LockedMessage>> received;
        hub.receive(id, 10, received.answer());
        return *received.get();
    }

    const model::DeviceId device = *model::DeviceId::parse("d");
    NoLog sink;
    test::ManualClock clock;
    store::MemoryEngine engine;
    store::Store store{engine};
    Counter woken;
    Counter ended;
    std::optional<ErrorCode> ended_with;
    Hub hub{store, clock, Logger(sink, clock), core::HubRules()};
};

TEST_F(HubTest, HandsAMessageWithItsBodyToTheDeviceThatAttachesLater) {
    const auto version = create().identity.version;
    ASSERT_TRUE(send("hello"));
    const auto id = attach(version);
    const auto messages = receive(id);
    ASSERT_EQ(messages.size(), 1u);
    EXPECT_EQ(as_text(messages[0].message->body), "hello");
    Awaited<void> completed;
    hub.complete(device, messages[0].token, completed.answer());
    EXPECT_TRUE(completed.get());
    EXPECT_TRUE(receive(id).empty());
}

TEST_F(HubTest, WhatAReceiverCannotHearIsOnDiskSoonAndAtTheEndAtTheLatest) {
    const auto version = create().identity.version;
    const auto id = attach(version);
    const auto stored = [&] {
        std::size_t messages = 0;
        EXPECT_TRUE(engine.scan(store::Table::queue, {}, [&](auto, auto) { return ++messages; }));
        return messages;
    };
    ASSERT_TRUE(send("one"));
    hub.complete_untold(device, receive(id).at(0).token);
    Awaited<void> later;
    hub.put_mqtt_subscriptions(device, {}, later.answer());
    EXPECT_TRUE(later.get());
    EXPECT_EQ(stored(), 0u) << "whoever may have seen it waits for it";
    ASSERT_TRUE(send("two"));
    hub.complete_untold(device, receive(id).at(0).token);
    hub.stop();
    EXPECT_EQ(stored(), 0u);
}

TEST_F(HubTest, ADeviceCreatedAnewGetsNothingOfItsEarlierLife) {
    create();
    ASSERT_TRUE(send("earlier"));
    Awaited<void> deleted;
    hub.registry().delete_device(device, std::nullopt, deleted.answer());
    ASSERT_TRUE(deleted.get());
    const auto version = create().identity.version;
    ASSERT_TRUE(send("later"));
    const auto messages = receive(attach(version));
    ASSERT_EQ(messages.size(), 1u);
    EXPECT_EQ(as_text(messages[0].message->body), "later");
}

TEST_F(HubTest, WakesAnAttachedDevice) {
    attach(create().identity.version);
    ASSERT_TRUE(send("hello"));
    EXPECT_TRUE(woken.reaches(1));
}

TEST_F(HubTest, ReturnsWhatAGoneReceiverHeld) {
    const auto version = create().identity.version;
    ASSERT_TRUE(send("hello"));
    const auto first = attach(version, Protocol::amqp);
    attach(version, Protocol::mqtt);
    ASSERT_EQ(receive(first).size(), 1u);
    hub.detach(first);
    EXPECT_TRUE(woken.reaches(1)) << "the other attachment hears of it";
}

TEST_F(HubTest, ANewerConnectionOverTheSameProtocolReplacesTheEarlierOne) {
    const auto version = create().identity.version;
    ASSERT_TRUE(send("hello"));
    ASSERT_EQ(receive(attach(version)).size(), 1u);
    const auto second = attach(version);
    ASSERT_TRUE(ended.reaches(1));
    EXPECT_EQ(ended_with, ErrorCode::connection_replaced);
    const auto messages = receive(second);
    ASSERT_EQ(messages.size(), 1u);
    EXPECT_TRUE(messages[0].redelivered);
}

TEST_F(HubTest, DisablingOrDeletingADeviceEndsItsAttachments) {
    const auto version = create().identity.version;
    attach(version);
    Awaited<model::DeviceDescription> disabled;
    hub.registry().put_device({.id = device, .status = model::DeviceStatus::disabled},
                              {.kind = core::WriteCondition::Kind::update_any}, disabled.answer());
    ASSERT_TRUE(disabled.get());
    ASSERT_TRUE(ended.reaches(1));
    EXPECT_EQ(ended_with, ErrorCode::device_disabled);
}

TEST_F(HubTest, AModuleIsConnectedForItselfAndGetsNoMessages) {
    const auto created = create();
    const auto module = *model::ModuleId::parse("m");
    const auto made = put_module(module);
    EXPECT_FALSE(made.connected);
    const auto as_module = attach(made.identity.version, Protocol::mqtt, module);
    const auto as_device = attach(created.identity.version);
    EXPECT_TRUE(find_module(module).connected);
    ASSERT_TRUE(send("hello"));
    ASSERT_TRUE(woken.reaches(1));
    EXPECT_TRUE(receive(as_module).empty());
    EXPECT_EQ(receive(as_device).size(), 1u);
    attach(made.identity.version, Protocol::mqtt, module);
    ASSERT_TRUE(ended.reaches(1));
    EXPECT_EQ(ended_with, ErrorCode::connection_replaced);
}

TEST_F(HubTest, AModuleEndsWithItselfItsKeysOrItsDevice) {
    auto created = create();
    const auto module = *model::ModuleId::parse("m");
    attach(put_module(module).identity.version, Protocol::mqtt, module);
    const auto changed = put_module(module, {.kind = core::WriteCondition::Kind::update_any});
    ASSERT_TRUE(ended.reaches(1));
    EXPECT_EQ(ended_with, ErrorCode::unauthorized) << "it was given new keys";
    EXPECT_FALSE(find_module(module).connected);

    attach(changed.identity.version, Protocol::amqp, module);
    Awaited<void> deleted;
    hub.registry().delete_module(device, module, std::nullopt, deleted.answer());
    ASSERT_TRUE(deleted.get());
    ASSERT_TRUE(ended.reaches(2));
    EXPECT_EQ(ended_with, ErrorCode::module_not_found);

    attach(put_module(module).identity.version, Protocol::amqp, module);
    Awaited<model::DeviceDescription> disabled;
    hub.registry().put_device({.id = device,
                               .status = model::DeviceStatus::disabled,
                               .authentication = created.identity.authentication},
                              {.kind = core::WriteCondition::Kind::update_any}, disabled.answer());
    ASSERT_TRUE(disabled.get());
    ASSERT_TRUE(ended.reaches(3));
    EXPECT_EQ(ended_with, ErrorCode::device_disabled);
}

TEST_F(HubTest, NewKeysOfADeviceLeaveItsModulesAndReturnWhatWasLockedOverHttps) {
    create();
    const auto module = *model::ModuleId::parse("m");
    attach(put_module(module).identity.version, Protocol::mqtt, module);
    ASSERT_TRUE(send("hello"));
    Awaited<std::optional<model::LockedMessage>> locked;
    hub.receive_one(device, std::nullopt, locked.answer());
    ASSERT_TRUE(locked.get()->has_value());
    Awaited<model::DeviceDescription> changed;
    hub.registry().put_device({.id = device}, {.kind = core::WriteCondition::Kind::update_any},
                              changed.answer());
    const auto version = changed.get()->identity.version;
    EXPECT_TRUE(find_module(module).connected);
    EXPECT_EQ(receive(attach(version)).size(), 1u) << "the old keys' lock is gone";
}

TEST_F(HubTest, AProofOfAnOlderIdentityAttachesNothing) {
    const auto version = create().identity.version;
    Awaited<model::MqttSubscriptions> attached;
    hub.attach({.id = hub.new_attachment_id(),
                .device = device,
                .identity_version = version + 1,
                .protocol = Protocol::mqtt,
                .peer = "test",
                .events = {}},
               attached.answer());
    EXPECT_EQ(attached.get().error().code, ErrorCode::unauthorized);
}

TEST_F(HubTest, ReportsWhetherADeviceIsConnectedAndWhatWaits) {
    const auto id = attach(create().identity.version);
    ASSERT_TRUE(send("hello"));
    Awaited<model::DeviceDescription> found;
    hub.registry().find_device(device, found.answer());
    EXPECT_TRUE(found.get()->connected);
    hub.detach(id);
    Awaited<model::DeviceDescription> again;
    hub.registry().find_device(device, again.answer());
    const auto description = *again.get();
    EXPECT_FALSE(description.connected);
    EXPECT_EQ(description.cloud_to_device_message_count, 1u);
}

TEST_F(HubTest, WakesTheDeviceWhenALockEnds) {
    const auto id = attach(create().identity.version);
    ASSERT_TRUE(send("hello"));
    ASSERT_TRUE(woken.reaches(1));
    ASSERT_EQ(receive(id).size(), 1u);
    clock.advance(60s);
    hub.advance();
    EXPECT_TRUE(woken.reaches(2));
}

TEST_F(HubTest, RemembersEverythingAfterARestart) {
    const auto version = create().identity.version;
    ASSERT_TRUE(send("hello"));
    Awaited<void> kept;
    hub.put_mqtt_subscriptions(device, {{.filter = "f", .granted_qos = 1}}, kept.answer());
    ASSERT_TRUE(kept.get());
    hub.stop();

    Hub next(store, clock, Logger(sink, clock), core::HubRules());
    ASSERT_TRUE(next.start());
    Awaited<model::MqttSubscriptions> attached;
    const auto id = next.new_attachment_id();
    next.attach({.id = id,
                 .device = device,
                 .identity_version = version,
                 .protocol = Protocol::mqtt,
                 .peer = "test",
                 .events = {.message_available = [] {}, .ended = [](const Error&) {}}},
                attached.answer());
    EXPECT_EQ(attached.get()->front().filter, "f");
    Awaited<std::vector<model::LockedMessage>> received;
    next.receive(id, 1, received.answer());
    EXPECT_EQ(as_text(received.get()->front().message->body), "hello");
}

// -- feedback ------------------------------------------------------------------------------------

class HubFeedbackTest : public HubTest {
  protected:
    /// Sends a message that asks for everything, and lets the device complete it.
    void complete_one(AttachmentId id) {
        model::CloudToDeviceMessage message{.message_id = "m", .ack = model::AckRequest::full};
        Awaited<model::SequenceNumber> sent;
        hub.enqueue(device, std::move(message), sent.answer());
        ASSERT_TRUE(sent.get());
        Awaited<void> completed;
        hub.complete(device, receive(id).at(0).token, completed.answer());
        ASSERT_TRUE(completed.get());
    }
    std::vector<model::LockedFeedback> receive_feedback(AttachmentId receiver = {}) {
        Awaited<std::vector<model::LockedFeedback>> received;
        hub.receive_feedback(receiver, 10, received.answer());
        return *received.get();
    }
    Result<void> settle(void (Hub::*how)(model::LockToken, Answer<void>), model::LockToken token) {
        Awaited<void> settled;
        (hub.*how)(token, settled.answer());
        return settled.get();
    }
};

TEST_F(HubFeedbackTest, AReceiverIsWokenAndGetsTheRecordsOnce) {
    const auto id = attach(create().identity.version);
    Counter available;
    const auto receiver = hub.new_attachment_id();
    hub.attach_feedback(receiver, [&] { available.add(); });
    ASSERT_TRUE(available.reaches(1)) << "a new receiver looks at once";
    complete_one(id);
    ASSERT_TRUE(available.reaches(2));
    const auto batches = receive_feedback(receiver);
    ASSERT_EQ(batches.size(), 1u);
    ASSERT_EQ(batches[0].records.size(), 1u);
    EXPECT_EQ(batches[0].records[0].original_message_id, "m");
    EXPECT_TRUE(receive_feedback().empty()) << "it is locked";
    EXPECT_TRUE(settle(&Hub::complete_feedback, batches[0].token));
    EXPECT_FALSE(settle(&Hub::complete_feedback, batches[0].token));
    hub.detach_feedback(receiver);
    EXPECT_TRUE(receive_feedback().empty());
}

TEST_F(HubFeedbackTest, WhatAReceiverLeavesUnsettledGoesToTheNext) {
    const auto id = attach(create().identity.version);
    complete_one(id);
    const auto receiver = hub.new_attachment_id();
    hub.attach_feedback(receiver, [] {});
    ASSERT_EQ(receive_feedback(receiver).size(), 1u);
    hub.detach_feedback(receiver);
    const auto again = receive_feedback();
    ASSERT_EQ(again.size(), 1u);
    EXPECT_EQ(again[0].queued.delivery_count, 0u);
    EXPECT_TRUE(settle(&Hub::abandon_feedback, again[0].token));
    const auto counted = receive_feedback();
    ASSERT_EQ(counted.size(), 1u);
    EXPECT_EQ(counted[0].queued.delivery_count, 1u);
    EXPECT_TRUE(settle(&Hub::reject_feedback, counted[0].token));
    EXPECT_TRUE(receive_feedback().empty());
}

TEST_F(HubFeedbackTest, AReceiverIsWokenForWhatAnotherLockedAndLeft) {
    complete_one(attach(create().identity.version));
    ASSERT_EQ(receive_feedback().size(), 1u);
    Counter available;
    hub.attach_feedback(hub.new_attachment_id(), [&] { available.add(); });
    ASSERT_TRUE(available.reaches(1));
    clock.advance(1min);
    hub.advance();
    EXPECT_TRUE(available.reaches(2));
}

TEST_F(HubFeedbackTest, ADeletedDeviceTakesItsFeedbackWithIt) {
    complete_one(attach(create().identity.version));
    Awaited<void> deleted;
    hub.registry().delete_device(device, std::nullopt, deleted.answer());
    ASSERT_TRUE(deleted.get());
    const auto reborn = create().identity.version;
    EXPECT_TRUE(receive_feedback().empty()) << "the id's new life has nothing to do with it";
    clock.advance(15s);
    complete_one(attach(reborn));
    EXPECT_EQ(receive_feedback().size(), 1u);
}

TEST_F(HubFeedbackTest, ABatchThatGoesWithItsDeviceHidesNoneBehindIt) {
    complete_one(attach(create().identity.version));
    Awaited<void> deleted;
    hub.registry().delete_device(device, std::nullopt, deleted.answer());
    ASSERT_TRUE(deleted.get());
    clock.advance(15s);
    complete_one(attach(create().identity.version));
    Counter available;
    const auto receiver = hub.new_attachment_id();
    hub.attach_feedback(receiver, [&] { available.add(); });
    ASSERT_TRUE(available.reaches(1));
    EXPECT_EQ(receive_feedback(receiver).size(), 1u) << "of two that were locked";
    EXPECT_TRUE(available.reaches(2)) << "so there may be more";
    hub.detach_feedback(receiver);
    EXPECT_EQ(receive_feedback().size(), 1u) << "returned, and the receiver is gone";
}

TEST_F(HubFeedbackTest, FeedbackOutlivesTheHubsProcess) {
    const auto id = attach(create().identity.version);
    complete_one(id);
    complete_one(id);
    hub.stop();
    Hub next(store, clock, Logger(sink, clock), core::HubRules());
    ASSERT_TRUE(next.start());
    std::size_t records = 0;
    Awaited<std::vector<model::LockedFeedback>> received;
    next.receive_feedback({}, 10, received.answer());
    for (const auto& batch : *received.get()) records += batch.records.size();
    EXPECT_EQ(records, 2u);
}

TEST_F(HubTest, AMessageThatCannotBeReadHidesNoneBehindIt) {
    const auto version = create().identity.version;
    const auto first = send("lost");
    ASSERT_TRUE(first);
    ASSERT_TRUE(send("hello"));
    store::WriteBatch batch;
    batch.remove(store::Table::messages, store::message_key(device, *first));
    Awaited<void> removed;
    engine.commit(std::move(batch), removed.answer());
    ASSERT_TRUE(removed.get());
    const auto id = attach(version);
    Awaited<std::vector<model::LockedMessage>> received;
    hub.receive(id, 1, received.answer());
    EXPECT_TRUE(received.get()->empty());
    EXPECT_TRUE(woken.reaches(1)) << "so there may be more";
    EXPECT_EQ(as_text(receive(id).at(0).message->body), "hello");
}

TEST_F(HubTest, AReceiverThatDoesNotStayHoldsItsMessageForAsLongAsItAsked) {
    create();
    ASSERT_TRUE(send("hello"));
    const auto receive_one = [&](std::optional<Milliseconds> lock_duration) {
        Awaited<std::optional<model::LockedMessage>> received;
        hub.receive_one(device, lock_duration, received.answer());
        return *received.get();
    };
    const auto first = receive_one(5s);
    ASSERT_TRUE(first);
    EXPECT_FALSE(receive_one(std::nullopt));
    clock.advance(5s);
    const auto again = receive_one(std::nullopt);
    ASSERT_TRUE(again);
    clock.advance(59s);
    EXPECT_FALSE(receive_one(std::nullopt));
    Awaited<std::size_t> purged;
    hub.purge(device, purged.answer());
    EXPECT_EQ(*purged.get(), 1u);
    Awaited<void> late;
    hub.complete(device, again->token, late.answer());
    EXPECT_EQ(late.get().error().code, ErrorCode::device_message_lock_lost);
}

}  // namespace
}  // namespace restante::hub
