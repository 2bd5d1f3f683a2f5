#include "store/keys.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

namespace restante::store {
namespace {

using namespace std::string_literals;

model::DeviceId id(std::string_view text) {
    return model::DeviceId::parse(text).value();
}

TEST(Keys, SpellAMessageKeyAsTheIdANulAndTheNumberMostSignificantByteFirst) {
    EXPECT_EQ(to_text(device_key(id("d1"))), "d1");
    EXPECT_EQ(to_text(message_key(id("d1"), {0x0102})), "d1\0\0\0\0\0\0\0\x01\x02"s);
    EXPECT_EQ(to_text(device_key_prefix(id("d1"))), "d1\0"s);
}

TEST(Keys, SpellAModuleKeyAsTheTwoIdsAroundANul) {
    const auto m = [](std::string_view text) { return model::ModuleId::parse(text).value(); };
    EXPECT_EQ(to_text(module_key(id("d1"), m("$edgeHub"))), "d1\0$edgeHub"s);
    const std::vector<Bytes> ordered{module_key(id("a"), m("z")), module_key(id("a!"), m("a")),
                                     module_key(id("ab"), m("a")), module_key(id("b"), m("a"))};
    EXPECT_TRUE(std::ranges::is_sorted(ordered));
    EXPECT_FALSE(to_text(ordered[2]).starts_with(to_text(device_key_prefix(id("a")))));
    const auto read = parse_module_key(module_key(id("d$1"), m("m:1")));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->device, id("d$1"));
    EXPECT_EQ(read->module, m("m:1"));
    for (const auto& key :
         {""s, "d"s, "d\0"s, "\0m"s, "d\0m\0"s, "d\0m m"s, "d\0"s + std::string(129, 'm')}) {
        EXPECT_EQ(parse_module_key(as_bytes(key)).error().code, ErrorCode::malformed) << key;
    }
}

TEST(Keys, SortByDeviceThenByNumber) {
    const auto max = std::numeric_limits<std::uint64_t>::max();
    const std::vector<Bytes> ordered{message_key(id("a"), {0}),     message_key(id("a"), {255}),
                                     message_key(id("a"), {256}),   message_key(id("a"), {max}),
                                     message_key(id("a!"), {0}),    message_key(id("ab"), {0}),
                                     message_key(id("ab"), {1000}), message_key(id("b"), {0})};
    EXPECT_TRUE(std::ranges::is_sorted(ordered));
}

TEST(Keys, AreReadBack) {
    for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{258}, ~std::uint64_t{0}}) {
        const auto key = parse_message_key(message_key(id("d$1"), {number}));
        ASSERT_TRUE(key);
        EXPECT_EQ(key->device, id("d$1"));
        EXPECT_EQ(key->sequence.value, number);
    }
    EXPECT_EQ(parse_device_key(device_key(id("d$1"))), id("d$1"));
}

TEST(Keys, OfAnotherShapeAreMalformed) {
    for (const auto& key :
         {""s, "d"s, "\0\0\0\0\0\0\0\0\x01"s, "d\0\0\0\0\0\0\0\x01"s, "d\x01\0\0\0\0\0\0\0\x01"s,
          "d d\0\0\0\0\0\0\0\0\x01"s, std::string(129, 'd') + "\0\0\0\0\0\0\0\0\x01"s}) {
        const auto parsed = parse_message_key(as_bytes(key));
        ASSERT_FALSE(parsed) << key;
        EXPECT_EQ(parsed.error().code, ErrorCode::malformed);
    }
    EXPECT_EQ(parse_device_key(as_bytes("d\0"s)).error().code, ErrorCode::malformed);
}

TEST(Keys, OfFeedbackAreEightBytesInTheOrderOfTheirNumbers) {
    EXPECT_EQ(parse_feedback_key(feedback_key(258)), 258u);
    EXPECT_LT(feedback_key(255), feedback_key(256));
    for (const auto& key : {""s, "\0\0\0\0\0\0\x01"s, "\0\0\0\0\0\0\0\0\x01"s}) {
        EXPECT_EQ(parse_feedback_key(as_bytes(key)).error().code, ErrorCode::malformed);
    }
}

}  // namespace
}  // namespace restante::store
