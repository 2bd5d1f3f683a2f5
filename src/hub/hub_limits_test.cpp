// When a hub takes no more: its disk is behind, or its tier allows no more.

#include <gtest/gtest.h>

#include <vector>

#include "hub/hub.hpp"
#include "store/memory/memory_engine.hpp"
#include "support/awaited.hpp"
#include "support/manual_clock.hpp"

namespace restante::hub {
namespace {

using namespace std::chrono_literals;
using test::Awaited;
using test::NoLog;

TEST(HubBackPressure, SendersAreToldToComeBackWhileTooMuchWaitsForTheDisk) {
    NoLog sink;
    test::ManualClock clock;
    store::MemoryEngine engine(store::MemoryEngine::Completion::run_pending);
    store::Store store(engine);
    Hub hub(store, clock, Logger(sink, clock), {.queue = {.depth_max = 10'000}});
    ASSERT_TRUE(hub.start());
    const auto device = *model::DeviceId::parse("d");
    const auto write_until = [&](auto& awaited) {
        while (!awaited.answered()) engine.run_pending();
        return awaited.get();
    };
    Awaited<model::DeviceDescription> created;
    hub.registry().put_device({.id = device}, {}, created.answer());
    ASSERT_TRUE(write_until(created));

    constexpr std::size_t body_bytes = 60'000;
    constexpr std::size_t messages = model::limits::uncommitted_bytes_max / body_bytes + 2;
    model::CloudToDeviceMessage message{.body = Bytes(body_bytes)};
    std::vector<Awaited<model::SequenceNumber>> sent(messages);
    for (auto& each : sent) hub.enqueue(device, message, each.answer());
    const auto refused = sent.back().get();  // at once: the disk has taken none yet
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::service_unavailable);
    EXPECT_FALSE(sent.front().answered());
    EXPECT_TRUE(write_until(sent.front()));
    while (!sent[messages / 2].answered()) engine.run_pending();
    Awaited<model::SequenceNumber> again;
    hub.enqueue(device, message, again.answer());
    EXPECT_TRUE(write_until(again));
    hub.stop();
}

TEST(HubThrottle, ATiersLimitsRefuseWithTheirCodesAndNothingIsLost) {
    NoLog sink;
    test::ManualClock clock;
    store::MemoryEngine engine;
    store::Store store(engine);
    core::HubRules rules;
    rules.queue.depth_max = 10'000;
    rules.throttle = {.tier = core::ServiceTier::s1};
    Hub hub(store, clock, Logger(sink, clock), rules);
    ASSERT_TRUE(hub.start());
    const auto device = *model::DeviceId::parse("d");
    Awaited<model::DeviceDescription> created;
    hub.registry().put_device({.id = device}, {}, created.answer());
    ASSERT_TRUE(created.get());
    std::vector<Awaited<model::SequenceNumber>> sent(101);
    for (auto& each : sent) hub.enqueue(device, {}, each.answer());
    for (std::size_t i = 0; i < 100; ++i) ASSERT_TRUE(sent[i].get());
    EXPECT_EQ(sent[100].get().error().code, ErrorCode::throttled);
    clock.advance(1s);
    Awaited<model::SequenceNumber> later;
    hub.enqueue(device, {}, later.answer());
    EXPECT_TRUE(later.get());
    Awaited<void> entries;
    hub.admit(core::Operation::registry, 101, entries.answer());
    EXPECT_TRUE(entries.get()) << "a full bucket takes more at once";
    Awaited<std::vector<FailedWrite>> written;
    hub.registry().apply({{.device = {.id = device}}}, written.answer());
    EXPECT_EQ(written.get().error().code, ErrorCode::throttled);
    Awaited<model::DeviceDescription> found;
    hub.registry().find_device(device, found.answer());
    EXPECT_EQ(found.get()->cloud_to_device_message_count, 101u);
    hub.stop();
}

}  // namespace
}  // namespace restante::hub
