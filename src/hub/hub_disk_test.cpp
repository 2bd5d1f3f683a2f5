// What a hub does on a disk that is full or fails.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <map>

#include "hub/hub.hpp"
#include "store/memory/memory_engine.hpp"
#include "support/awaited.hpp"
#include "support/counter.hpp"
#include "support/manual_clock.hpp"

namespace restante::hub {
namespace {

using namespace std::chrono_literals;
using test::Awaited;
using test::NoLog;
using testing::HasSubstr;
using testing::IsEmpty;

class HubDiskTest : public testing::Test {
  protected:
    HubDiskTest() {
        EXPECT_TRUE(hub.start());
        for (const auto* device : {&d1, &d2}) {
            const auto version = create(*device)->identity.version;
            attach(*device, version);
        }
    }
    ~HubDiskTest() override { hub.stop(); }

    Result<model::DeviceDescription> create(const model::DeviceId& device) {
        Awaited<model::DeviceDescription> created;
        hub.registry().put_device({.id = device}, {}, created.answer());
        return created.get();
    }
    void attach(const model::DeviceId& device, std::uint64_t version) {
        const AttachmentId id = hub.new_attachment_id();
        Awaited<model::MqttSubscriptions> attached;
        hub.attach({.id = id,
                    .device = device,
                    .identity_version = version,
                    .protocol = Protocol::mqtt,
                    .peer = "test",
                    .events = {.message_available = [this] { woken.add(); },
                               .ended = [](const Error&) {}}},
                   attached.answer());
        EXPECT_TRUE(attached.get());
        attachments.emplace(device, id);
    }
    Result<model::SequenceNumber> send(const model::DeviceId& device, std::string_view body) {
        Awaited<model::SequenceNumber> sent;
        model::CloudToDeviceMessage message;
        message.body = to_bytes(body);
        hub.enqueue(device, std::move(message), sent.answer());
        return sent.get();
    }
    LockedMessages receive(const model::DeviceId& device) {
        Awaited<LockedMessages> received;
        hub.receive(attachments.at(device), 10, received.answer());
        return *received.get();
    }
    Result<void> complete(const model::DeviceId& device, const model::LockedMessage& message) {
        Awaited<void> completed;
        hub.complete(device, message.token, completed.answer());
        return completed.get();
    }
    static std::string body_of_next(Hub& of, const model::DeviceId& device) {
        Awaited<std::optional<model::LockedMessage>> received;
        of.receive_one(device, {}, received.answer());
        const auto message = received.get();
        return message && *message ? to_text((*message)->message->body) : "none";
    }
    /// A message to `device` finds the disk sick.
    void sicken(const model::DeviceId& device) {
        engine.fail_next_commit(Error(ErrorCode::storage_failed, "no space left on device"));
        const auto refused = send(device, "lost in the fall");
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, ErrorCode::service_unavailable);
        EXPECT_THAT(refused.error().message, HasSubstr("no space left on device"));
    }
    void mend() {
        engine.mend();
        const int before = woken.count();
        clock.advance(1s);
        hub.advance();
        ASSERT_TRUE(woken.reaches(before + 2)) << "every device is told to look again";
    }

    const model::DeviceId d1 = *model::DeviceId::parse("d1");
    const model::DeviceId d2 = *model::DeviceId::parse("d2");
    NoLog sink;
    test::ManualClock clock;
    store::MemoryEngine engine;
    store::Store store{engine};
    test::Counter woken;
    std::map<model::DeviceId, AttachmentId> attachments;
    Hub hub{store, clock, Logger(sink, clock), core::HubRules()};
};

TEST_F(HubDiskTest, WhatTheDiskRefusedIsWrittenOnceItTakesItAgain) {
    sicken(d1);
    EXPECT_THAT(receive(d1), IsEmpty()) << "its body is on no disk";
    mend();
    const auto messages = receive(d1);
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(as_text(messages[0].message->body), "lost in the fall");
    EXPECT_TRUE(send(d1, "next"));
}

TEST_F(HubDiskTest, ASickDiskRefusesWhateverIsNew) {
    sicken(d1);
    const auto is_refused = [](const auto& result) {
        return !result && result.error().code == ErrorCode::service_unavailable;
    };
    EXPECT_TRUE(is_refused(send(d2, "new")));
    EXPECT_TRUE(is_refused(create(*model::DeviceId::parse("d3"))));
    Awaited<void> deleted;
    hub.registry().delete_device(d2, {}, deleted.answer());
    EXPECT_TRUE(is_refused(deleted.get()));
    Awaited<std::size_t> purged;
    hub.purge(d2, purged.answer());
    EXPECT_TRUE(is_refused(purged.get()));
    Awaited<model::DeviceDescription> found;
    hub.registry().find_device(d2, found.answer());
    EXPECT_TRUE(found.get()) << "what can be known is told";
    mend();
    EXPECT_TRUE(create(*model::DeviceId::parse("d3")));
}

TEST_F(HubDiskTest, ASickDiskStillDeliversAndItsMessagesEndWithoutAnAcknowledgement) {
    ASSERT_TRUE(send(d2, "before"));
    sicken(d1);
    const auto messages = receive(d2);
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(as_text(messages[0].message->body), "before");
    EXPECT_FALSE(complete(d2, messages[0])) << "that it ended is on no disk";
    EXPECT_THAT(receive(d2), IsEmpty());
    mend();
    Hub next(store, clock, Logger(sink, clock), core::HubRules());
    ASSERT_TRUE(next.start());
    Awaited<std::optional<model::LockedMessage>> left;
    next.receive_one(d2, {}, left.answer());
    EXPECT_EQ(*left.get(), std::nullopt) << "now it is";
}

/// On one thread: what happened before the clock moved on must not be chance.
class HubStepTest : public testing::Test {
  protected:
    HubStepTest() { EXPECT_TRUE(hub.start()); }

    void settle_down() {
        while (hub.run_pending() + engine.run_pending() > 0) {
        }
    }
    void advance(Milliseconds by) {
        clock.advance(by);
        hub.advance();
        settle_down();
    }
    template <class T, class Ask>
    Result<T> answer_of(Ask ask) {
        Awaited<T> awaited;
        ask(awaited.answer());
        settle_down();
        return awaited.get();
    }
    bool create(const char* id) {
        return answer_of<model::DeviceDescription>([&](auto answer) {
                   hub.registry().put_device({.id = *model::DeviceId::parse(id)}, {},
                                             std::move(answer));
               })
            .has_value();
    }
    std::size_t stored_messages() {
        std::size_t messages = 0;
        EXPECT_TRUE(engine.scan(store::Table::queue, {}, [&](auto, auto) { return ++messages; }));
        return messages;
    }

    test::ManualClock clock;
    store::MemoryEngine engine{store::MemoryEngine::Completion::run_pending};
    store::Store store{engine};
    NoLog log;
    Hub hub{store, clock, Logger(log, clock), core::HubRules(), Drive::run_pending};
};

TEST_F(HubStepTest, ADiskThatStaysSickIsAskedEverySecond) {
    engine.fail_next_commit(Error(ErrorCode::storage_failed, "no space left on device"));
    EXPECT_FALSE(create("d1"));
    for (int second = 0; second < 3; ++second) {
        advance(1s);
        EXPECT_FALSE(create("d2")) << second;
    }
    engine.mend();
    advance(999ms);
    EXPECT_FALSE(create("d2")) << "not yet";
    advance(1ms);
    EXPECT_TRUE(create("d2"));
    EXPECT_FALSE(create("d1")) << "it was kept";
}

TEST_F(HubStepTest, AnEndThatNobodyWaitsForIsOnDiskAfterTenMilliseconds) {
    const model::DeviceId device = *model::DeviceId::parse("d1");
    ASSERT_TRUE(create("d1"));
    ASSERT_TRUE(answer_of<model::SequenceNumber>(
        [&](auto answer) { hub.enqueue(device, {}, std::move(answer)); }));
    const auto held = answer_of<std::optional<model::LockedMessage>>(
        [&](auto answer) { hub.receive_one(device, {}, std::move(answer)); });
    ASSERT_TRUE(held && *held);
    hub.complete_untold(device, (*held)->token);
    settle_down();
    EXPECT_EQ(hub.next_deadline(), clock.now().steady + 10ms);
    advance(9ms);
    EXPECT_EQ(stored_messages(), 1U);
    advance(1ms);
    EXPECT_EQ(stored_messages(), 0U);
}

TEST_F(HubDiskTest, ANearlyFullDiskTakesNothingNewAndLetsMessagesEnd) {
    ASSERT_TRUE(send(d1, "before"));
    engine.set_room(false);
    const auto refused = send(d1, "new");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::service_unavailable);
    EXPECT_THAT(refused.error().message, HasSubstr("nearly full"));
    EXPECT_FALSE(create(*model::DeviceId::parse("d3")));
    const auto messages = receive(d1);
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_TRUE(complete(d1, messages[0]));
    engine.set_room(true);
    EXPECT_TRUE(send(d1, "new"));
}

/// Each commit of a short life in its turn: once the disk is well, a start on it must find what it
/// would have found without the failure.
TEST_F(HubDiskTest, WhicheverCommitFailsTheStoreHoldsTheSameInTheEnd) {
    LockedMessages held;
    const auto sends = [this](const char* body) {
        return std::function<bool()>([this, body] { return send(d1, body).has_value(); });
    };
    const std::array steps{
        sends("one"), sends("two"), sends("three"), std::function<bool()>([&] {
            held = receive(d1);
            Awaited<void> done;
            hub.abandon(d1, held.back().token, done.answer());
            return done.get().has_value();
        }),
        std::function<bool()>([&] { return complete(d1, held.front()).has_value(); })};
    for (std::size_t failing = 0; failing < steps.size(); ++failing) {
        for (std::size_t i = 0; i < steps.size(); ++i) {
            if (i == failing) engine.fail_next_commit(Error(ErrorCode::storage_failed, "sick"));
            EXPECT_EQ(steps[i](), i != failing) << "step " << i << ", failing " << failing;
            if (i == failing) mend();
        }
        Hub next(store, clock, Logger(sink, clock), core::HubRules());
        ASSERT_TRUE(next.start());
        EXPECT_EQ(body_of_next(next, d1), "two") << failing;
        EXPECT_EQ(body_of_next(next, d1), "three") << failing;
        EXPECT_EQ(body_of_next(next, d1), "none") << failing;
        Awaited<std::size_t> purged;
        hub.purge(d1, purged.answer());
        EXPECT_EQ(*purged.get(), 2U);
    }
}

}  // namespace
}  // namespace restante::hub
