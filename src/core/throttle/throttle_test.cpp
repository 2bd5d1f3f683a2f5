#include "core/throttle/throttle.hpp"

#include <gmock/gmock.h>

namespace restante::core {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const SteadyTime start{1'000'000ms};
const WallTime morning{std::chrono::sys_days{std::chrono::year{2026} / 11 / 26} + 8h};

/// How many single operations pass at one instant.
std::size_t burst(Throttle& throttle, Operation operation, SteadyTime now) {
    std::size_t passed = 0;
    while (passed < 1'000'000 && throttle.admit(operation, 1, now)) ++passed;
    return passed;
}

struct TierCase {
    ServiceTier tier;
    unsigned units;
    std::array<std::size_t, operations> each_period;  ///< in the order of Operation
};

class ThrottleTierTest : public testing::TestWithParam<TierCase> {};

TEST_P(ThrottleTierTest, LetsThroughWhatTheServicesTableSays) {
    const auto& [tier, units, each_period] = GetParam();
    Throttle throttle({.tier = tier, .units = units});
    for (std::size_t i = 0; i < operations; ++i) {
        const auto operation = static_cast<Operation>(i);
        const Milliseconds period = operation == Operation::connect ? 1s : 60s;
        EXPECT_EQ(burst(throttle, operation, start), each_period[i]) << name(operation);
        EXPECT_EQ(burst(throttle, operation, start + period), each_period[i]) << name(operation);
        const auto half = burst(throttle, operation, start + period + period / 2);
        EXPECT_EQ(half, each_period[i] / 2) << name(operation);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Tiers, ThrottleTierTest,
    testing::Values(TierCase{ServiceTier::f1, 1, {100, 100, 100, 1'000, 20}},
                    TierCase{ServiceTier::s1, 1, {100, 100, 100, 1'000, 20}},
                    TierCase{ServiceTier::s1, 10, {1'000, 120, 1'000, 10'000, 200}},
                    TierCase{ServiceTier::s2, 1, {100, 120, 100, 1'000, 20}},
                    TierCase{ServiceTier::s2, 3, {300, 360, 300, 3'000, 60}},
                    TierCase{ServiceTier::s3, 1, {5'000, 6'000, 5'000, 50'000, 1'000}},
                    TierCase{ServiceTier::s3, 2, {10'000, 12'000, 10'000, 100'000, 2'000}}));

TEST(Throttle, IsOffUnlessAskedFor) {
    Throttle throttle({});
    EXPECT_FALSE(throttle.enabled());
    EXPECT_TRUE(throttle.admit(Operation::send, 10'000'000, start));
    throttle.count_message(65'536, morning);
    EXPECT_TRUE(throttle.check_quota(morning));
}

TEST(Throttle, SaysHowLongToWaitAndThatIsLongEnough) {
    Throttle throttle({.tier = ServiceTier::s1});
    ASSERT_TRUE(throttle.admit(Operation::registry, 100, start));
    const auto refused = throttle.admit(Operation::registry, 10, start);
    EXPECT_EQ(refused.error().code, ErrorCode::throttled);
    EXPECT_THAT(refused.error().message, HasSubstr("Wait 6 seconds and try again"));
    EXPECT_THAT(refused.error().message, HasSubstr("Operation type: CRUD"));
    EXPECT_FALSE(throttle.admit(Operation::registry, 10, start + 5s));
    EXPECT_TRUE(throttle.admit(Operation::registry, 10, start + 6s));
    EXPECT_TRUE(throttle.admit(Operation::query, 1, start)) << "each operation has its own";
}

TEST(Throttle, ManyAtOnceAreOwed) {
    Throttle throttle({.tier = ServiceTier::s1});
    ASSERT_TRUE(throttle.admit(Operation::query, 60, start));
    EXPECT_FALSE(throttle.admit(Operation::query, 1, start + 60s));
    EXPECT_FALSE(throttle.admit(Operation::query, 1, start + 120s));
    EXPECT_TRUE(throttle.admit(Operation::query, 1, start + 180s));
}

TEST(Throttle, ADaysMessagesAreCountedInTheTiersUnits) {
    Throttle free({.tier = ServiceTier::f1});
    for (int i = 0; i < 7'999; ++i) free.count_message(1, morning);
    EXPECT_TRUE(free.check_quota(morning));
    free.count_message(0, morning);
    EXPECT_EQ(free.check_quota(morning).error().code, ErrorCode::quota_exceeded);
    EXPECT_THAT(free.check_quota(morning + 15h).error().message, HasSubstr("8000"));
    EXPECT_TRUE(free.check_quota(morning + 16h)) << "a new day in UTC";

    Throttle by_size({.tier = ServiceTier::f1});
    for (int i = 0; i < 4'000; ++i) by_size.count_message(513, morning);
    EXPECT_FALSE(by_size.check_quota(morning));
}

TEST(Throttle, IsNewsOnceInAWhile) {
    Throttle throttle({.tier = ServiceTier::s1});
    EXPECT_TRUE(throttle.is_news(Operation::send, start));
    EXPECT_FALSE(throttle.is_news(Operation::send, start + 9s));
    EXPECT_TRUE(throttle.is_news(Operation::query, start + 9s));
    EXPECT_TRUE(throttle.is_news(Operation::send, start + 10s));
}

}  // namespace
}  // namespace restante::core
