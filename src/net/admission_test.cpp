#include "net/admission.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <thread>
#include <vector>

namespace restante::net {
namespace {

using Refusal = Admission::Refusal;

boost::asio::ip::address address(const char* text) {
    return boost::asio::ip::make_address(text);
}

TEST(Admission, RefusesAnAddressBeyondItsBoundAndNoOther) {
    Admission admission(2);
    const auto first = admission.admit(address("192.0.2.7"));
    const auto second = admission.admit(address("192.0.2.7"));
    EXPECT_TRUE(first && second);
    EXPECT_FALSE(admission.admit(address("192.0.2.7")));
    EXPECT_TRUE(admission.admit(address("192.0.2.8")));
}

TEST(Admission, APlaceThatIsGivenUpIsFreeForAnother) {
    Admission admission(1);
    std::optional ticket(admission.admit(address("192.0.2.7")));
    ASSERT_TRUE(*ticket);
    ticket.reset();
    EXPECT_TRUE(admission.admit(address("192.0.2.7")));
}

TEST(Admission, ATicketThatMovesOnKeepsItsOnePlace) {
    Admission admission(1);
    auto ticket = admission.admit(address("192.0.2.7"));
    ASSERT_TRUE(ticket);
    {
        const Admission::Ticket moved(std::move(*ticket));
        EXPECT_FALSE(admission.admit(address("192.0.2.7")));
    }
    const auto only = admission.admit(address("192.0.2.7"));
    EXPECT_TRUE(only);
    EXPECT_FALSE(admission.admit(address("192.0.2.7")));
}

TEST(Admission, AnIPv4AddressIsTheSameInIPv6Clothes) {
    Admission admission(1);
    const auto ticket = admission.admit(address("192.0.2.7"));
    EXPECT_FALSE(admission.admit(address("::ffff:192.0.2.7")));
    EXPECT_TRUE(admission.admit(address("::ffff:192.0.2.8")));
}

TEST(Admission, OfAnIPv6AddressTheFirst64BitsCount) {
    Admission admission(1);
    const auto ticket = admission.admit(address("2001:db8:0:1::1"));
    EXPECT_FALSE(admission.admit(address("2001:db8:0:1:ffff:ffff:ffff:ffff")));
    EXPECT_TRUE(admission.admit(address("2001:db8:0:2::1")));
}

TEST(Admission, TheFirstRefusalIsToldAgainOnceTheAddressHadGivenUpAllPlaces) {
    Admission admission(2);
    const auto refusal = [&] { return admission.admit(address("192.0.2.7")).error(); };
    {
        const auto kept = admission.admit(address("192.0.2.7"));
        {
            const auto ended = admission.admit(address("192.0.2.7"));
            EXPECT_EQ(refusal(), Refusal::first);
            EXPECT_EQ(refusal(), Refusal::further);
        }
        const auto again = admission.admit(address("192.0.2.7"));
        EXPECT_EQ(refusal(), Refusal::further);
    }
    const auto one = admission.admit(address("192.0.2.7"));
    const auto two = admission.admit(address("192.0.2.7"));
    EXPECT_EQ(refusal(), Refusal::first);
}

TEST(Admission, CountsRightWhenManyThreadsComeAndGo) {
    Admission admission(3);
    const auto peer = address("192.0.2.7");
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                for (int n = 0; n < 1000; ++n) {
                    const auto ticket = admission.admit(peer);
                }
            });
        }
    }
    const auto one = admission.admit(peer);
    const auto two = admission.admit(peer);
    const auto three = admission.admit(peer);
    EXPECT_TRUE(one && two && three);
    EXPECT_FALSE(admission.admit(peer));
}

}  // namespace
}  // namespace restante::net
