#include "wire/property_bag.hpp"

#include <gmock/gmock.h>

#include "base/timestamp.hpp"
#include "wire/property_names.hpp"

namespace restante::wire {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

model::DeviceId device(const char* id) {
    return *model::DeviceId::parse(id);
}

TEST(PropertyBag, IsSpelledAsTheServiceSpellsIt) {
    model::CloudToDeviceMessage message;
    message.message_id = "7a1";
    message.to = "/devices/mqtt-dev-01/messages/devicebound";
    message.content_encoding = "utf-8";
    message.ack = model::AckRequest::none;
    EXPECT_EQ(to_property_bag(device("mqtt-dev-01"), message),
              "%24.mid=7a1&%24.to=%2Fdevices%2Fmqtt-dev-01%2Fmessages%2Fdevicebound&%24.ce=utf-8"
              "&iothub-ack=none");
}

TEST(PropertyBag, PutsEverySystemPropertyInOrderBeforeTheOthers) {
    model::CloudToDeviceMessage message;
    message.expiry_time = from_unix_milliseconds(1595686465172);
    message.correlation_id = "c";
    message.message_id = "m";
    message.to = "/devices/x/messages/deviceBound";
    message.user_id = "u";
    message.content_type = "text/plain; charset=UTF-8";
    message.content_encoding = "utf-8";
    message.ack = model::AckRequest::positive;
    message.properties = {{"bbb", "bbbb"}, {"aaa", "aaaa"}};
    EXPECT_EQ(to_property_bag(device("x"), message),
              "%24.exp=2020-07-25T14%3A14%3A25.1720000Z&%24.cid=c&%24.mid=m"
              "&%24.to=%2Fdevices%2Fx%2Fmessages%2FdeviceBound&%24.uid=u"
              "&%24.ct=text%2Fplain%3B%20charset%3DUTF-8&%24.ce=utf-8&iothub-ack=positive"
              "&bbb=bbbb&aaa=aaaa");
}

TEST(PropertyBag, KeepsWhatThePythonServiceClientSends) {
    model::CloudToDeviceMessage message;
    message.message_id = "message1";
    message.to = "/devices/Device-1/messages/deviceBound";
    message.properties = {{"prop1", "test property-2"}, {"testProperty", "Test message"}};
    EXPECT_EQ(to_property_bag(device("Device-1"), message),
              "%24.mid=message1&%24.to=%2Fdevices%2FDevice-1%2Fmessages%2FdeviceBound"
              "&prop1=test%20property-2&testProperty=Test%20message");
}

TEST(PropertyBag, NamesATargetEvenWhenTheSenderDidNot) {
    EXPECT_EQ(to_property_bag(device("x"), {}), "%24.to=%2Fdevices%2Fx%2Fmessages%2Fdevicebound");
}

TEST(PropertyBag, NeverShowsACharacterThatTopicsOrBagsUse) {
    model::CloudToDeviceMessage message;
    message.to = "t";
    message.properties = {{"a/b=c&d+e#f$", "g/h=i&j+k#l\xC3\xBC"}, {"empty", ""}};
    EXPECT_EQ(to_property_bag(device("x"), message),
              "%24.to=t&a%2Fb%3Dc%26d%2Be%23f%24=g%2Fh%3Di%26j%2Bk%23l%C3%BC&empty=");
}

TEST(PropertyBag, LeavesOutNamesThatClientsTakeForTheHubsOwn) {
    model::CloudToDeviceMessage message;
    message.to = "t";
    message.properties = {{"iothub-messageid", "1"},
                          {"iothub-ack", "loud"},
                          {"$.mid", "2"},
                          {"$.ctime", "no time"},
                          {"iothub-mine", "3"}};
    EXPECT_EQ(to_property_bag(device("x"), message), "%24.to=t&iothub-mine=3");
}

TEST(PropertyBag, IsReadAsThePythonDeviceClientReadsIt) {
    const auto read = from_property_bag(
        "%24.exp=2020-07-25T14%3A14%3A25.1720000Z&%24.cid=c&%24.mid=m%201%2F2"
        "&%24.to=%2Fdevices%2Fx%2Fmessages%2Fdevicebound&%24.uid=u&%24.ct=application%2Fjson"
        "&%24.ce=utf-8&iothub-ack=full&%24.x=y&a=%C3%BC&b%20k=v%261&plus=1+1&none&empty=");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->expiry_time, "2020-07-25T14:14:25.1720000Z");
    EXPECT_EQ(read->correlation_id, "c");
    EXPECT_EQ(read->message_id, "m 1/2");
    EXPECT_EQ(read->to, "/devices/x/messages/devicebound");
    EXPECT_EQ(read->user_id, "u");
    EXPECT_EQ(read->content_type, "application/json");
    EXPECT_EQ(read->content_encoding, "utf-8");
    EXPECT_EQ(read->ack, "full");
    EXPECT_THAT(read->properties,
                ElementsAre(Pair("$.x", "y"), Pair("a", "\xC3\xBC"), Pair("b k", "v&1"),
                            Pair("plus", "1+1"), Pair("none", ""), Pair("empty", "")));
}

TEST(PropertyBag, ReadsRawNamesAndValuesOfSendersThatDoNotEscape) {
    const auto read = from_property_bag("$.mid=m 1&k=a/b:c%&&k=later");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->message_id, "m 1");
    EXPECT_THAT(read->properties, ElementsAre(Pair("k", "later")));
}

TEST(PropertyBag, OfTelemetryReadsBackAsItWasWritten) {
    DeviceProperties sent;
    sent.message_id = "m 1/2";
    sent.content_type = "text/plain";
    sent.properties = {{"a&b", "\xC3\xBC=1"}, {"empty", ""}};
    EXPECT_EQ(to_property_bag(sent),
              "%24.mid=m%201%2F2&%24.ct=text%2Fplain&a%26b=%C3%BC%3D1&empty=");
    EXPECT_EQ(from_property_bag(to_property_bag(sent)), sent);
    EXPECT_EQ(to_property_bag(DeviceProperties{}), "");
}

TEST(PropertyBag, OfNothingIsNothing) {
    EXPECT_EQ(*from_property_bag(""), DeviceProperties{});
}

TEST(PropertyBag, HasABoundOnItsPairs) {
    std::string bag;
    for (std::size_t i = 0; i < bag_pairs_max; ++i) bag += "k&";
    EXPECT_TRUE(from_property_bag(bag));
    EXPECT_EQ(from_property_bag(bag + "k").error().code, ErrorCode::malformed);
}

TEST(AckWord, IsReadInAnyCaseAndWrittenInLowerCase) {
    EXPECT_EQ(parse_ack_word("FULL"), model::AckRequest::full);
    EXPECT_EQ(ack_word(model::AckRequest::none), "none");
    EXPECT_EQ(ack_word(model::AckRequest::full), "full");
    EXPECT_EQ(parse_ack_word("always"), std::nullopt);
    EXPECT_EQ(parse_ack_word(""), std::nullopt);
}

}  // namespace
}  // namespace restante::wire
