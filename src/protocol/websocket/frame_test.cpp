#include "protocol/websocket/frame.hpp"

#include <gmock/gmock.h>

namespace restante::websocket {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr MaskingKey key{0x37, 0xFA, 0x21, 0x3D};  // of the examples in RFC 6455 5.7

std::string fault(const Bytes& bytes, Role role) {
    const auto header = read_header(bytes, role);
    if (header) return *header ? "(read)" : "(incomplete)";
    return std::string(header.error().reason);
}

TEST(Frame, WritesTheExamplesOfTheStandard) {
    Bytes hello;
    append_frame(hello, Opcode::text, as_bytes("Hello"), std::nullopt);
    EXPECT_THAT(hello, ElementsAre(0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F));

    Bytes masked;
    append_frame(masked, Opcode::text, as_bytes("Hello"), key);
    EXPECT_THAT(masked,
                ElementsAre(0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58));

    Bytes pong;
    append_frame(pong, Opcode::pong, as_bytes("Hello"), key);
    EXPECT_THAT(pong,
                ElementsAre(0x8A, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58));
}

TEST(Frame, WritesEveryLengthInItsShortestForm) {
    const auto header_of = [](std::size_t size) {
        Bytes frame;
        append_frame(frame, Opcode::binary, Bytes(size), std::nullopt);
        frame.resize(frame.size() - size);
        return frame;
    };
    EXPECT_THAT(header_of(0), ElementsAre(0x82, 0x00));
    EXPECT_THAT(header_of(125), ElementsAre(0x82, 0x7D));
    EXPECT_THAT(header_of(126), ElementsAre(0x82, 0x7E, 0x00, 0x7E));
    EXPECT_THAT(header_of(256), ElementsAre(0x82, 0x7E, 0x01, 0x00));
    EXPECT_THAT(header_of(65'535), ElementsAre(0x82, 0x7E, 0xFF, 0xFF));
    EXPECT_THAT(header_of(65'536),
                ElementsAre(0x82, 0x7F, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00));
}

TEST(Frame, ReadsWhatItWrites) {
    for (const std::size_t size : {0U, 1U, 125U, 126U, 65'535U, 65'536U}) {
        for (const bool masked : {false, true}) {
            Bytes frame;
            append_frame(frame, Opcode::binary, Bytes(size),
                         masked ? std::optional(key) : std::nullopt);
            const auto header = read_header(frame, masked ? Role::server : Role::client);
            ASSERT_TRUE(header && *header);
            EXPECT_TRUE((*header)->fin);
            EXPECT_EQ((*header)->opcode, Opcode::binary);
            EXPECT_EQ((*header)->payload_bytes, size);
            EXPECT_EQ((*header)->header_bytes, frame.size() - size);
            EXPECT_EQ((*header)->key, masked ? key : MaskingKey{});
        }
    }
}

TEST(Frame, AHeaderIsIncompleteUntilItsLastByte) {
    const Bytes frame{0x82, 0xFF, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 1, 2, 3, 4};
    for (std::size_t size = 0; size < header_bytes_max; ++size) {
        EXPECT_EQ(fault(Bytes(frame.begin(), frame.begin() + static_cast<int>(size)), Role::server),
                  "(incomplete)");
    }
    EXPECT_EQ(fault(frame, Role::server), "(read)");
}

TEST(Frame, ReadsALengthOf63Bits) {
    const Bytes frame{0x82, 0x7F, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
    const auto header = read_header(frame, Role::client);
    ASSERT_TRUE(header && *header);
    EXPECT_EQ((*header)->payload_bytes, 0x7FFF'FFFF'FFFF'FFFFU);
}

TEST(Frame, RefusesWhatTheFirstTwoBytesShow) {
    for (const std::uint8_t first : Bytes{0xC2, 0xA2, 0x92}) {
        EXPECT_EQ(fault({first, 0x80}, Role::server), "a reserved bit is set");
    }
    for (const std::uint8_t first : Bytes{0x83, 0x87, 0x8B, 0x8F}) {
        EXPECT_EQ(fault({first, 0x80}, Role::server), "a reserved opcode");
    }
    EXPECT_EQ(fault({0x82, 0x05}, Role::server), "an unmasked frame from a client");
    EXPECT_EQ(fault({0x82, 0x85}, Role::client), "a masked frame from a server");
    for (const std::uint8_t opcode : Bytes{0x08, 0x09, 0x0A}) {
        EXPECT_EQ(fault({opcode, 0x80}, Role::server), "a control frame in fragments");
        EXPECT_EQ(fault({static_cast<std::uint8_t>(0x80 | opcode), 0xFE}, Role::server),
                  "a control frame of more than 125 bytes");
    }
}

TEST(Frame, RefusesLengthsOfTheWrongForm) {
    EXPECT_THAT(fault({0x82, 0x7E, 0x00, 0x7D}, Role::client), HasSubstr("longer than need be"));
    EXPECT_THAT(fault({0x82, 0x7F, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF}, Role::client),
                HasSubstr("longer than need be"));
    EXPECT_EQ(fault({0x82, 0x7F, 0x80, 0, 0, 0, 0, 0, 0, 0}, Role::client),
              "a length beyond 63 bits");
}

TEST(Frame, KnowsTheCodesAPeerMaySend) {
    for (const std::uint16_t code :
         std::vector<std::uint16_t>{1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4999}) {
        EXPECT_TRUE(is_close_code(code)) << code;
    }
    for (const std::uint16_t code :
         std::vector<std::uint16_t>{0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65'535}) {
        EXPECT_FALSE(is_close_code(code)) << code;
    }
}

}  // namespace
}  // namespace restante::websocket
