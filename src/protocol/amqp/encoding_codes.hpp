#pragma once
// The constructor bytes of AMQP's primitive types (AMQP 1.6).

#include <cstdint>

namespace restante::amqp::code {

constexpr std::uint8_t described = 0x00;
constexpr std::uint8_t null = 0x40;
constexpr std::uint8_t boolean_true = 0x41;
constexpr std::uint8_t boolean_false = 0x42;
constexpr std::uint8_t boolean = 0x56;
constexpr std::uint8_t ubyte = 0x50;
constexpr std::uint8_t ushort = 0x60;
constexpr std::uint8_t uint = 0x70;
constexpr std::uint8_t uint_small = 0x52;
constexpr std::uint8_t uint_zero = 0x43;
constexpr std::uint8_t ulong = 0x80;
constexpr std::uint8_t ulong_small = 0x53;
constexpr std::uint8_t ulong_zero = 0x44;
constexpr std::uint8_t byte = 0x51;
constexpr std::uint8_t short_ = 0x61;
constexpr std::uint8_t int_ = 0x71;
constexpr std::uint8_t int_small = 0x54;
constexpr std::uint8_t long_ = 0x81;
constexpr std::uint8_t long_small = 0x55;
constexpr std::uint8_t float_ = 0x72;
constexpr std::uint8_t double_ = 0x82;
constexpr std::uint8_t decimal32 = 0x74;
constexpr std::uint8_t decimal64 = 0x84;
constexpr std::uint8_t decimal128 = 0x94;
constexpr std::uint8_t char_ = 0x73;
constexpr std::uint8_t timestamp = 0x83;
constexpr std::uint8_t uuid = 0x98;
constexpr std::uint8_t binary8 = 0xa0;
constexpr std::uint8_t binary32 = 0xb0;
constexpr std::uint8_t string8 = 0xa1;
constexpr std::uint8_t string32 = 0xb1;
constexpr std::uint8_t symbol8 = 0xa3;
constexpr std::uint8_t symbol32 = 0xb3;
constexpr std::uint8_t list0 = 0x45;
constexpr std::uint8_t list8 = 0xc0;
constexpr std::uint8_t list32 = 0xd0;
constexpr std::uint8_t map8 = 0xc1;
constexpr std::uint8_t map32 = 0xd1;
constexpr std::uint8_t array8 = 0xe0;
constexpr std::uint8_t array32 = 0xf0;

/// Whether a value of this encoding has no bytes of its own.
constexpr bool is_zero_width(std::uint8_t encoding) {
    return encoding >> 4 == 0x4;
}

/// Whether a length or size of four bytes follows, rather than one: of the encodings that have one.
constexpr bool is_wide(std::uint8_t encoding) {
    return (encoding >> 4 & 1) != 0;
}

}  // namespace restante::amqp::code
