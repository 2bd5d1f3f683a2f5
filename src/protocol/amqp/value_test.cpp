#include "protocol/amqp/value.hpp"

#include <gtest/gtest.h>

#include "protocol/amqp/value_codec.hpp"

namespace restante::amqp {
namespace {

Bytes bytes(std::initializer_list<int> list) {
    Bytes out;
    for (const int byte : list) out.push_back(static_cast<std::uint8_t>(byte));
    return out;
}

template <class T>
T decoded(std::initializer_list<int> list) {
    const auto value = decode_value(bytes(list));
    EXPECT_TRUE(value) << (value ? "" : value.error().message);
    const auto* content = value ? value->get_if<T>() : nullptr;
    EXPECT_NE(content, nullptr);
    return content != nullptr ? *content : T{};
}

bool refused(const Bytes& in) {
    const auto value = decode_value(in);
    return !value && value.error().code == ErrorCode::malformed;
}

TEST(AmqpValue, EveryFormOfEachFixedTypeIsRead) {
    EXPECT_TRUE(decode_value(bytes({0x40}))->is_null());
    EXPECT_TRUE(decoded<bool>({0x41}));
    EXPECT_FALSE(decoded<bool>({0x42}));
    EXPECT_TRUE(decoded<bool>({0x56, 1}));
    EXPECT_EQ(decoded<std::uint8_t>({0x50, 0xff}), 255);
    EXPECT_EQ(decoded<std::uint16_t>({0x60, 1, 2}), 0x102);
    EXPECT_EQ(decoded<std::uint32_t>({0x70, 1, 2, 3, 4}), 0x1020304U);
    EXPECT_EQ(decoded<std::uint32_t>({0x52, 7}), 7U);
    EXPECT_EQ(decoded<std::uint32_t>({0x43}), 0U);
    EXPECT_EQ(decoded<std::uint64_t>({0x80, 0, 0, 0, 0, 0, 0, 1, 0}), 256U);
    EXPECT_EQ(decoded<std::uint64_t>({0x53, 9}), 9U);
    EXPECT_EQ(decoded<std::uint64_t>({0x44}), 0U);
    EXPECT_EQ(decoded<std::int8_t>({0x51, 0x80}), -128);
    EXPECT_EQ(decoded<std::int16_t>({0x61, 0xff, 0xfe}), -2);
    EXPECT_EQ(decoded<std::int32_t>({0x71, 0xff, 0xff, 0xff, 0xfd}), -3);
    EXPECT_EQ(decoded<std::int32_t>({0x54, 0xfc}), -4);
    EXPECT_EQ(decoded<std::int64_t>({0x81, 255, 255, 255, 255, 255, 255, 255, 0xfb}), -5);
    EXPECT_EQ(decoded<std::int64_t>({0x55, 0xfa}), -6);
    EXPECT_EQ(decoded<float>({0x72, 0x3f, 0x80, 0, 0}), 1.0F);
    EXPECT_EQ(decoded<double>({0x82, 0x40, 0, 0, 0, 0, 0, 0, 0}), 2.0);
    EXPECT_EQ(decoded<Char>({0x73, 0, 0, 0, 65}).code_point, 65U);
    EXPECT_EQ(decoded<WallTime>({0x83, 0, 0, 0, 0, 0, 0, 3, 0xe8}), WallTime(Milliseconds(1000)));
    EXPECT_EQ(
        decoded<Uuid>({0x98, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}).to_string(),
        "00010203-0405-0607-0809-0a0b0c0d0e0f");
    EXPECT_EQ(decoded<Decimal<4>>({0x74, 1, 2, 3, 4}).bytes[3], 4);
    EXPECT_EQ(decoded<Decimal<8>>({0x84, 1, 2, 3, 4, 5, 6, 7, 8}).bytes[7], 8);
    EXPECT_EQ(decoded<Decimal<16>>({0x94, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
                  .bytes[15],
              16);
}

TEST(AmqpValue, ShortAndLongFormsOfVariableTypesAreRead) {
    EXPECT_EQ(decoded<Bytes>({0xa0, 2, 1, 2}), bytes({1, 2}));
    EXPECT_EQ(decoded<Bytes>({0xb0, 0, 0, 0, 1, 9}), bytes({9}));
    EXPECT_EQ(decoded<std::string>({0xa1, 2, 'h', 'i'}), "hi");
    EXPECT_EQ(decoded<std::string>({0xb1, 0, 0, 0, 2, 'h', 'i'}), "hi");
    EXPECT_EQ(decoded<Symbol>({0xa3, 1, 'x'}).text, "x");
    EXPECT_EQ(decoded<Symbol>({0xb3, 0, 0, 0, 1, 'x'}).text, "x");
}

TEST(AmqpValue, ListsMapsAndArraysAreReadInEveryForm) {
    EXPECT_TRUE(decoded<List>({0x45}).items.empty());
    const List two{{Value(true), Value(std::uint32_t{7})}};
    EXPECT_EQ(decoded<List>({0xc0, 4, 2, 0x41, 0x52, 7}), two);
    EXPECT_EQ(decoded<List>({0xd0, 0, 0, 0, 7, 0, 0, 0, 2, 0x41, 0x52, 7}), two);
    Map map;
    map.add(Symbol{"k"}, "v");
    EXPECT_EQ(decoded<Map>({0xc1, 7, 2, 0xa3, 1, 'k', 0xa1, 1, 'v'}), map);
    EXPECT_EQ(decoded<Map>({0xd1, 0, 0, 0, 10, 0, 0, 0, 2, 0xa3, 1, 'k', 0xa1, 1, 'v'}), map);
    const Array symbols{{Symbol{"a"}, Symbol{"bc"}}};
    EXPECT_EQ(decoded<Array>({0xe0, 7, 2, 0xa3, 1, 'a', 2, 'b', 'c'}), symbols);
    EXPECT_EQ(decoded<Array>({0xf0, 0, 0, 0, 10, 0, 0, 0, 2, 0xa3, 1, 'a', 2, 'b', 'c'}), symbols);
}

TEST(AmqpValue, ADescribedValueKeepsItsDescriptor) {
    const auto value = decode_value(bytes({0x00, 0xa3, 1, 'd', 0x52, 5}));
    ASSERT_TRUE(value);
    EXPECT_EQ(*value, Value(Described(Symbol{"d"}, std::uint32_t{5})));
}

TEST(AmqpValue, ElementsOfAnArrayMayShareADescriptor) {
    const auto value = decode_value(bytes({0xe0, 6, 2, 0x00, 0x53, 1, 0x50, 8, 9}));
    EXPECT_TRUE(refused(bytes({0xe0, 6, 2, 0x00, 0x53, 1, 0x50, 8, 9})));
    const auto whole = decode_value(bytes({0xe0, 7, 2, 0x00, 0x53, 1, 0x50, 8, 9}));
    ASSERT_TRUE(whole);
    const Array expected{{Described(std::uint64_t{1}, std::uint8_t{8}),
                          Described(std::uint64_t{1}, std::uint8_t{9})}};
    EXPECT_EQ(*whole, Value(expected));
    EXPECT_FALSE(value);
}

TEST(AmqpValue, TheShortestFormIsWritten) {
    EXPECT_EQ(encode_value({}), bytes({0x40}));
    EXPECT_EQ(encode_value(true), bytes({0x41}));
    EXPECT_EQ(encode_value(std::uint32_t{0}), bytes({0x43}));
    EXPECT_EQ(encode_value(std::uint32_t{255}), bytes({0x52, 255}));
    EXPECT_EQ(encode_value(std::uint32_t{256}), bytes({0x70, 0, 0, 1, 0}));
    EXPECT_EQ(encode_value(std::uint64_t{0}), bytes({0x44}));
    EXPECT_EQ(encode_value(std::int32_t{200}), bytes({0x71, 0, 0, 0, 200}));
    EXPECT_EQ(encode_value(std::int32_t{-1}), bytes({0x54, 0xff}));
    EXPECT_EQ(encode_value(std::int64_t{-128}), bytes({0x55, 0x80}));
    EXPECT_EQ(encode_value("OK"), bytes({0xa1, 2, 'O', 'K'}));
    EXPECT_EQ(encode_value(Map{}), bytes({0xc1, 1, 0}));
}

TEST(AmqpValue, AnEmptyListIsNeverWrittenAsList0) {
    EXPECT_EQ(encode_value(List{}), bytes({0xc0, 1, 0}));
}

TEST(AmqpValue, AnArrayOfShortSymbolsIsWrittenNarrow) {
    EXPECT_EQ(encode_value(Array{{Symbol{"a"}, Symbol{"bc"}}}),
              bytes({0xe0, 7, 2, 0xa3, 1, 'a', 2, 'b', 'c'}));
}

TEST(AmqpValue, LongContentSurvivesARoundTrip) {
    const std::string text(300, 'x');
    List list;
    for (int i = 0; i < 300; ++i) list.items.push_back(std::int32_t{i});
    Map map;
    map.add("list", list);
    map.add("text", text);
    map.add("array", Array{{Value(text), Value("short")}});
    map.add("lists", Array{{Value(list), Value(List{})}});
    map.add("flags", Array{{Value(true), Value(false)}});
    map.add("none", Array{});
    map.add("time", WallTime(Milliseconds(-1)));
    const Value value(map);
    EXPECT_EQ(decode_value(encode_value(value)), value);
}

TEST(AmqpValue, AnArrayOfElementsWithoutBytesIsRefused) {
    for (const int code : {0x40, 0x41, 0x42, 0x43, 0x44, 0x45}) {
        EXPECT_TRUE(refused(bytes({0xf0, 0, 0, 0, 5, 0xff, 0xff, 0xff, 0xff, code})));
        EXPECT_TRUE(refused(bytes({0xe0, 2, 1, code})));
    }
}

TEST(AmqpValue, ACountAboveTheBytesThereAreIsRefused) {
    EXPECT_TRUE(refused(bytes({0xd0, 0, 0, 0, 5, 0, 0, 0x10, 0, 0x40})));
    EXPECT_TRUE(refused(bytes({0xf0, 0, 0, 0, 6, 0, 0, 0x10, 0, 0x50, 1})));
    EXPECT_TRUE(refused(bytes({0xd1, 0, 0, 0, 5, 0xff, 0xff, 0xff, 0xfe, 0x40})));
}

TEST(AmqpValue, NestingBeyondTheLimitIsRefused) {
    Value list = List{};
    for (int i = 1; i < value_depth_max; ++i) list = List{{list}};
    EXPECT_TRUE(decode_value(encode_value(list)));
    EXPECT_TRUE(refused(encode_value(List{{list}})));
    EXPECT_TRUE(refused(Bytes(1'000, 0x00)));
}

TEST(AmqpValue, AnEmptyListCountsAsNestingInEachOfItsForms) {
    Bytes narrow;
    for (int i = 0; i < value_depth_max; ++i) append(narrow, bytes({0x00, 0x40}));
    Bytes shortest = narrow;
    append(narrow, bytes({0xc0, 1, 0}));
    shortest.push_back(0x45);
    EXPECT_TRUE(refused(narrow));
    EXPECT_TRUE(refused(shortest));
}

TEST(AmqpValue, MoreValuesThanTheLimitAreRefused) {
    List list;
    list.items.resize(value_count_max);
    EXPECT_TRUE(decode_value(encode_value(list)));
    list.items.emplace_back();
    EXPECT_TRUE(refused(encode_value(list)));
}

TEST(AmqpValue, ALargeDescriptorOfArrayElementsIsRefused) {
    Array array{{Described(Symbol{std::string(array_descriptor_bytes_max, 'd')}, "x")}};
    EXPECT_TRUE(decode_value(encode_value(array)));
    array = {{Described(Symbol{std::string(array_descriptor_bytes_max + 1, 'd')}, "x")}};
    EXPECT_TRUE(refused(encode_value(array)));
}

TEST(AmqpValue, BytesThatAreNotAValueAreRefused) {
    EXPECT_TRUE(refused({}));
    EXPECT_TRUE(refused(bytes({0x99})));                    // no such type
    EXPECT_TRUE(refused(bytes({0x56, 2})));                 // a boolean of 2
    EXPECT_TRUE(refused(bytes({0x71, 0, 0})));              // truncated
    EXPECT_TRUE(refused(bytes({0xa1, 5, 'x'})));            // truncated text
    EXPECT_TRUE(refused(bytes({0xa1, 1, 0xff})));           // not UTF-8
    EXPECT_TRUE(refused(bytes({0xa3, 2, 0xc3, 0xa4})));     // a symbol not ASCII
    EXPECT_TRUE(refused(bytes({0xc1, 2, 1, 0x40})));        // a key without a value
    EXPECT_TRUE(refused(bytes({0xc0, 3, 1, 0x40, 0x40})));  // more bytes than items
    EXPECT_TRUE(refused(bytes({0x40, 0x40})));              // two values
}

TEST(AmqpValue, ASizeOrCountThatWouldWrapIsRefused) {
    for (const unsigned code : {0xb0U, 0xb1U, 0xb3U, 0xd0U, 0xd1U, 0xf0U}) {
        for (const unsigned head : {0x7fU, 0x80U, 0xffU}) {
            for (const unsigned tail : {0x00U, 0xf8U, 0xfbU, 0xfcU, 0xfeU, 0xffU}) {
                const auto byte = [](unsigned value) { return static_cast<std::uint8_t>(value); };
                Bytes raw{byte(code), byte(head), 0xff, 0xff, byte(tail)};
                raw.insert(raw.end(), 32, 0x40);
                EXPECT_TRUE(refused(raw)) << "size, code " << code;
                // The right size, and a count in the place of the next four bytes.
                raw = {byte(code), 0, 0, 0, 32, byte(head), 0xff, 0xff, byte(tail)};
                raw.insert(raw.end(), 28, 0x40);
                if (code >= 0xd0) EXPECT_TRUE(refused(raw)) << "count, code " << code;
            }
        }
    }
}

TEST(AmqpMap, AKeyIsFoundAsStringAndAsSymbol) {
    Map map;
    map.add(Symbol{"a"}, std::int32_t{1});
    map.add("b", std::int32_t{2});
    EXPECT_EQ(map.find("a")->integer(), 1);
    EXPECT_EQ(map.find("b")->integer(), 2);
    EXPECT_EQ(map.find("c"), nullptr);
}

TEST(AmqpValue, CodesThatAreNoTypeAreRefusedWhereverTheyStand) {
    for (const int code : {0x01, 0x3f, 0x46, 0x5f, 0xa2, 0xc2, 0xe1, 0xff}) {
        EXPECT_TRUE(refused(bytes({code, 0, 0, 0, 4, 0, 0, 0, 0}))) << code;
        EXPECT_TRUE(refused(bytes({0xe0, 4, 1, code, 1, 0}))) << code;
    }
}

TEST(AmqpValue, AnArrayOfMapsAndAnArrayOfArraysSurviveARoundTrip) {
    Map one, other;
    one.add(Symbol{"k"}, "v");
    other.add(Symbol{"n"}, std::uint32_t{1});
    for (const Value& value :
         {Value(Array{{Value(one), Value(other)}}),
          Value(Array{{Value(Array{{Value("a"), Value("b")}}), Value(Array{{Value("c")}})}})}) {
        EXPECT_EQ(decode_value(encode_value(value)), value);
    }
}

}  // namespace
}  // namespace restante::amqp
