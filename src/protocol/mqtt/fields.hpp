#pragma once
// Reads and writes the fields that control packets are made of (MQTT 1.5): numbers, text, binary
// data and packet ids.
//
// Both classes fail softly: the first fault is kept as a sentence that names the packet and the
// field, later calls do no harm, and finish() tells. Each lives for one packet.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/byte_reader.hpp"
#include "base/result.hpp"
#include "protocol/mqtt/packet.hpp"

namespace restante::mqtt {

class FieldReader {
  public:
    FieldReader(PacketType type, BytesView body) : type_(type), reader_(body) {}

    std::uint8_t u8();
    std::uint16_t u16();
    PacketId packet_id();
    /// A length of two bytes and that many bytes; a view into the body.
    BytesView binary(std::string_view field);
    /// Binary data that is well-formed UTF-8 without U+0000 [MQTT-1.5.3-1, MQTT-1.5.3-2].
    std::string_view text(std::string_view field);
    BytesView rest() { return reader_.take_rest(); }

    bool empty() const { return reader_.empty(); }
    bool ok() const { return !error_; }

    /// Records what is wrong, as the rest of a sentence that begins with the packet's name.
    void refuse(std::string_view reason);

    /// The value, if nothing was refused and nothing is left over.
    template <class T>
    Result<Packet> finish(T value) {
        if (!empty()) refuse("has bytes after its last field");
        if (error_) return std::unexpected(*std::move(error_));
        return Packet(std::move(value));
    }

  private:
    PacketType type_;
    ByteReader reader_;
    std::optional<Error> error_;
};

class FieldWriter {
  public:
    explicit FieldWriter(PacketType type) : type_(type), writer_(body_) {}
    FieldWriter(const FieldWriter&) = delete;
    FieldWriter& operator=(const FieldWriter&) = delete;

    void u8(std::uint8_t value) { writer_.u8(value); }
    void u16(std::uint16_t value) { writer_.u16(value); }
    void packet_id(PacketId id);
    void binary(std::string_view field, BytesView value);
    void text(std::string_view field, std::string_view value);
    void refuse(std::string_view reason);

    /// Appends the whole packet, `payload` last, to `out`; leaves `out` as it was on an error.
    /// Errors: argument_invalid.
    Result<void> finish(std::uint8_t flags, Bytes& out, BytesView payload = {});

  private:
    PacketType type_;
    Bytes body_;
    ByteWriter writer_;
    std::optional<Error> error_;
};

}  // namespace restante::mqtt
