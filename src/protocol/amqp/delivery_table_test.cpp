#include "protocol/amqp/delivery_table.hpp"

#include <gmock/gmock.h>

namespace restante::amqp {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Entry {
    std::uint32_t id = 0;
    bool gone = false;
};

std::vector<std::uint32_t> ids(DeliveryTable<Entry>& table, std::uint32_t first,
                               std::uint32_t last) {
    std::vector<std::uint32_t> seen;
    table.visit_range(first, last, [&](const Entry& entry) {
        seen.push_back(entry.id);
        return false;
    });
    return seen;
}

TEST(DeliveryTable, ARangeShowsWhatIsPresentInIt) {
    DeliveryTable<Entry> table;
    for (const std::uint32_t id : {1U, 2U, 5U, 9U}) table.add({.id = id});
    EXPECT_THAT(ids(table, 2, 8), ElementsAre(2, 5));
    table.erase(5);
    EXPECT_THAT(ids(table, 0, 100), ElementsAre(1, 2, 9));
    EXPECT_EQ(table.find(5), nullptr);
    EXPECT_NE(table.find(9), nullptr);
    EXPECT_THAT(ids(table, 3, 4), IsEmpty());
}

TEST(DeliveryTable, IdsMayWrapAround) {
    DeliveryTable<Entry> table;
    for (const std::uint32_t id : {0xffff'fffeU, 0xffff'ffffU, 0U, 1U}) table.add({.id = id});
    EXPECT_NE(table.find(0), nullptr);
    EXPECT_NE(table.find(0xffff'ffff), nullptr);
    EXPECT_EQ(table.find(2), nullptr);
    EXPECT_THAT(ids(table, 0xffff'ffff, 0), ElementsAre(0xffff'ffff, 0));
}

TEST(DeliveryTable, ARangeOfHalfTheNumbersAndMoreShowsEachOnce) {
    DeliveryTable<Entry> table;
    for (std::uint32_t id = 0; id < 10; ++id) table.add({.id = id});
    EXPECT_EQ(ids(table, 0, 0xffff'ffff).size(), 10U);
    EXPECT_EQ(ids(table, 5, 4).size(), 10U);
}

TEST(DeliveryTable, OneThatStaysDoesNotKeepTheRoomOfThoseThatWent) {
    DeliveryTable<Entry> table;
    table.add({.id = 0});
    for (std::uint32_t id = 1; id < 100'000; ++id) {
        table.add({.id = id});
        table.erase(id);
    }
    EXPECT_EQ(table.size(), 1U);
    EXPECT_LT(table.entries(), 64U);
    EXPECT_NE(table.find(0), nullptr);
}

}  // namespace
}  // namespace restante::amqp
