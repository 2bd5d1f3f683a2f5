#pragma once
// The descriptors of AMQP's own composite types: the low byte, their domain being 0 (AMQP 2.7, 2.8,
// 3.2, 3.4, 3.5, 5.3).

#include <cstdint>

namespace restante::amqp::descriptor {

constexpr std::uint8_t open = 0x10;
constexpr std::uint8_t begin = 0x11;
constexpr std::uint8_t attach = 0x12;
constexpr std::uint8_t flow = 0x13;
constexpr std::uint8_t transfer = 0x14;
constexpr std::uint8_t disposition = 0x15;
constexpr std::uint8_t detach = 0x16;
constexpr std::uint8_t end = 0x17;
constexpr std::uint8_t close = 0x18;
constexpr std::uint8_t error = 0x1d;

constexpr std::uint8_t received = 0x23;
constexpr std::uint8_t accepted = 0x24;
constexpr std::uint8_t rejected = 0x25;
constexpr std::uint8_t released = 0x26;
constexpr std::uint8_t modified = 0x27;
constexpr std::uint8_t source = 0x28;
constexpr std::uint8_t target = 0x29;

constexpr std::uint8_t sasl_mechanisms = 0x40;
constexpr std::uint8_t sasl_init = 0x41;
constexpr std::uint8_t sasl_challenge = 0x42;
constexpr std::uint8_t sasl_response = 0x43;
constexpr std::uint8_t sasl_outcome = 0x44;

constexpr std::uint8_t header = 0x70;
constexpr std::uint8_t delivery_annotations = 0x71;
constexpr std::uint8_t message_annotations = 0x72;
constexpr std::uint8_t properties = 0x73;
constexpr std::uint8_t application_properties = 0x74;
constexpr std::uint8_t data = 0x75;
constexpr std::uint8_t sequence = 0x76;
constexpr std::uint8_t value = 0x77;
constexpr std::uint8_t footer = 0x78;

}  // namespace restante::amqp::descriptor
