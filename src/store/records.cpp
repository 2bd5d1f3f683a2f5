#include "store/records.hpp"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/byte_reader.hpp"
#include "base/timestamp.hpp"

namespace restante::store {
namespace {

using model::AckRequest;
using model::AuthenticationType;
using model::DeviceStatus;

/// Every kind of record is at its first version. A second one gets a tag and a decoder beside it.
constexpr std::uint8_t version_1 = 1;

constexpr std::uint8_t mqtt_qos_max = 2;

class RecordWriter {
  public:
    RecordWriter() : writer_(out_) { writer_.u8(version_1); }

    void reserve(std::size_t bytes) { out_.reserve(bytes); }
    void u8(std::uint8_t value) { writer_.u8(value); }
    void u32(std::uint32_t value) { writer_.u32(value); }
    void u64(std::uint64_t value) { writer_.u64(value); }
    void flag(bool value) { writer_.u8(value ? 1 : 0); }
    void count(std::size_t value) { writer_.u32(static_cast<std::uint32_t>(value)); }
    template <class Enum>
    void choice(Enum value) {
        writer_.u8(static_cast<std::uint8_t>(value));
    }
    void time(WallTime value) { writer_.u64(static_cast<std::uint64_t>(unix_milliseconds(value))); }
    void bytes(BytesView value) {
        count(value.size());
        writer_.bytes(value);
    }
    void text(std::string_view value) { bytes(as_bytes(value)); }
    void optional_text(const std::optional<std::string>& value) {
        flag(value.has_value());
        if (value) text(*value);
    }
    void optional_time(const std::optional<WallTime>& value) {
        flag(value.has_value());
        if (value) time(*value);
    }

    Bytes take() { return std::move(out_); }

  private:
    Bytes out_;
    ByteWriter writer_;
};

/// Fails softly, as ByteReader does: a record is read whole and asked once, by finish().
class RecordReader {
  public:
    RecordReader(std::string_view kind, BytesView record) : kind_(kind), reader_(record) {
        version_ = reader_.u8();
        known_ = version_ == version_1;
        if (!known_) reader_.fail();
    }

    bool ok() const { return reader_.ok(); }
    std::uint8_t u8_up_to(std::uint8_t max) {
        const std::uint8_t value = reader_.u8();
        if (value > max) reader_.fail();
        return value;
    }
    std::uint32_t u32() { return reader_.u32(); }
    std::uint64_t u64() { return reader_.u64(); }
    bool flag() { return u8_up_to(1) == 1; }
    template <class Enum>
    Enum choice(Enum last) {
        return static_cast<Enum>(u8_up_to(static_cast<std::uint8_t>(last)));
    }
    WallTime time() { return from_unix_milliseconds(static_cast<std::int64_t>(reader_.u64())); }
    BytesView bytes() { return reader_.take(reader_.u32()); }
    std::string text() { return to_text(bytes()); }
    std::optional<std::string> optional_text() {
        return flag() ? std::optional(text()) : std::nullopt;
    }
    std::optional<WallTime> optional_time() {
        return flag() ? std::optional(time()) : std::nullopt;
    }

    /// What the fields say together is nothing.
    void fail() { reader_.fail(); }

    template <class T>
    Result<T> finish(T value) {
        if (reader_.ok() && reader_.empty()) return value;
        if (reader_.ok()) {
            return restante::fail(ErrorCode::malformed, fmt::format("{} record: {} bytes too many",
                                                                    kind_, reader_.remaining()));
        }
        if (!known_ && version_ != 0) {
            return restante::fail(
                ErrorCode::malformed,
                fmt::format("{} record: version {} is unknown to this hub, it knows {}", kind_,
                            version_, version_1));
        }
        return restante::fail(
            ErrorCode::malformed,
            fmt::format("{} record: cut short, or a value outside its range", kind_));
    }

  private:
    std::string_view kind_;
    ByteReader reader_;
    std::uint8_t version_ = 0;
    bool known_ = false;
};

}  // namespace

// -- identities ----------------------------------------------------------------------------------

namespace {

void write(RecordWriter& out, const model::AuthenticationMechanism& authentication) {
    out.choice(authentication.type);
    out.text(authentication.symmetric_key.primary);
    out.text(authentication.symmetric_key.secondary);
    out.optional_text(authentication.x509_thumbprint.primary);
    out.optional_text(authentication.x509_thumbprint.secondary);
}

model::AuthenticationMechanism read_authentication(RecordReader& in, AuthenticationType last) {
    model::AuthenticationMechanism authentication;
    authentication.type = in.choice(last);
    authentication.symmetric_key.primary = in.text();
    authentication.symmetric_key.secondary = in.text();
    authentication.x509_thumbprint.primary = in.optional_text();
    authentication.x509_thumbprint.secondary = in.optional_text();
    return authentication;
}

}  // namespace

Bytes encode(const model::DeviceIdentity& identity) {
    RecordWriter out;
    out.text(identity.generation_id);
    out.u64(identity.version);
    out.choice(identity.status);
    out.optional_text(identity.status_reason);
    out.optional_time(identity.status_updated_at);
    write(out, identity.authentication);
    out.flag(identity.iot_edge);
    out.text(identity.device_scope);
    out.text(identity.parent_scope);
    return out.take();
}

Result<model::DeviceIdentity> decode_device_identity(model::DeviceId id, BytesView record) {
    RecordReader in("device identity", record);
    model::DeviceIdentity identity{.id = std::move(id)};
    identity.generation_id = in.text();
    identity.version = in.u64();
    identity.status = in.choice(DeviceStatus::disabled);
    identity.status_reason = in.optional_text();
    identity.status_updated_at = in.optional_time();
    identity.authentication = read_authentication(in, AuthenticationType::certificate_authority);
    identity.iot_edge = in.flag();
    identity.device_scope = in.text();
    identity.parent_scope = in.text();
    return in.finish(std::move(identity));
}

Bytes encode(const model::ModuleIdentity& identity) {
    RecordWriter out;
    out.text(identity.generation_id);
    out.u64(identity.version);
    out.optional_text(identity.managed_by);
    write(out, identity.authentication);
    return out.take();
}

Result<model::ModuleIdentity> decode_module_identity(model::ModuleId id, BytesView record) {
    RecordReader in("module identity", record);
    model::ModuleIdentity identity{.id = std::move(id)};
    identity.generation_id = in.text();
    identity.version = in.u64();
    identity.managed_by = in.optional_text();
    identity.authentication = read_authentication(in, AuthenticationType::none);
    return in.finish(std::move(identity));
}

// -- queued message ------------------------------------------------------------------------------

Bytes encode(const model::QueuedMessage& queued) {
    RecordWriter out;
    out.time(queued.enqueued_at);
    out.time(queued.expires_at);
    out.u32(queued.delivery_count);
    out.choice(queued.ack);
    out.text(queued.message_id);
    return out.take();
}

Result<model::QueuedMessage> decode_queued_message(model::SequenceNumber sequence,
                                                   BytesView record) {
    RecordReader in("queued message", record);
    model::QueuedMessage queued;
    queued.sequence = sequence;
    queued.enqueued_at = in.time();
    queued.expires_at = in.time();
    queued.delivery_count = in.u32();
    queued.ack = in.choice(AckRequest::full);
    queued.message_id = in.text();
    return in.finish(std::move(queued));
}

// -- message -------------------------------------------------------------------------------------

Bytes encode(const model::CloudToDeviceMessage& message) {
    constexpr std::size_t fixed_fields_bytes_max = 64;
    constexpr std::size_t lengths_of_a_property_bytes = 8;
    RecordWriter out;
    out.reserve(model::size_bytes(message) + fixed_fields_bytes_max +
                message.properties.size() * lengths_of_a_property_bytes);
    out.optional_text(message.message_id);
    out.optional_text(message.correlation_id);
    out.optional_text(message.user_id);
    out.optional_text(message.to);
    out.optional_text(message.content_type);
    out.optional_text(message.content_encoding);
    out.optional_time(message.expiry_time);
    out.flag(message.ack.has_value());
    if (message.ack) out.choice(*message.ack);
    out.count(message.properties.size());
    for (const auto& [name, value] : message.properties) {
        out.text(name);
        out.text(value);
    }
    out.bytes(message.body);
    return out.take();
}

Result<model::CloudToDeviceMessage> decode_message(BytesView record) {
    RecordReader in("message", record);
    model::CloudToDeviceMessage message;
    message.message_id = in.optional_text();
    message.correlation_id = in.optional_text();
    message.user_id = in.optional_text();
    message.to = in.optional_text();
    message.content_type = in.optional_text();
    message.content_encoding = in.optional_text();
    message.expiry_time = in.optional_time();
    if (in.flag()) message.ack = in.choice(AckRequest::full);
    // Not reserved: the count is believed only as far as there are bytes for it.
    for (std::uint32_t left = in.u32(); left > 0 && in.ok(); --left) {
        std::string name = in.text();
        std::string value = in.text();
        message.properties.emplace_back(std::move(name), std::move(value));
    }
    message.body = to_bytes(in.bytes());
    return in.finish(std::move(message));
}

// -- next sequence number ------------------------------------------------------------------------

Bytes encode(model::SequenceNumber next) {
    RecordWriter out;
    out.u64(next.value);
    return out.take();
}

Result<model::SequenceNumber> decode_next_sequence(BytesView record) {
    RecordReader in("sequence", record);
    const model::SequenceNumber next{in.u64()};
    return in.finish(next);
}

// -- MQTT subscriptions --------------------------------------------------------------------------

Bytes encode(const model::MqttSubscriptions& subscriptions) {
    RecordWriter out;
    out.count(subscriptions.size());
    for (const auto& subscription : subscriptions) {
        out.text(subscription.filter);
        out.u8(subscription.granted_qos);
    }
    return out.take();
}

Result<model::MqttSubscriptions> decode_mqtt_subscriptions(BytesView record) {
    RecordReader in("MQTT subscriptions", record);
    model::MqttSubscriptions subscriptions;
    for (std::uint32_t left = in.u32(); left > 0 && in.ok(); --left) {
        std::string filter = in.text();
        const std::uint8_t qos = in.u8_up_to(mqtt_qos_max);
        subscriptions.push_back({.filter = std::move(filter), .granted_qos = qos});
    }
    return in.finish(std::move(subscriptions));
}

// -- feedback ------------------------------------------------------------------------------------

namespace {

void write(RecordWriter& out, const model::FeedbackRecord& record) {
    out.text(record.device.value());
    out.text(record.generation_id);
    out.text(record.original_message_id);
    out.time(record.ended_at);
    out.choice(record.status);
}

/// nullopt: cut short, or its device id is none; the reader has failed.
std::optional<model::FeedbackRecord> read(RecordReader& in) {
    auto device = model::DeviceId::parse(in.text());
    if (!device) {
        in.fail();
        return std::nullopt;
    }
    model::FeedbackRecord record{.device = std::move(*device)};
    record.generation_id = in.text();
    record.original_message_id = in.text();
    record.ended_at = in.time();
    record.status = in.choice(model::FeedbackStatus::purged);
    return record;
}

}  // namespace

Bytes encode(const model::FeedbackRecord& record) {
    RecordWriter out;
    write(out, record);
    return out.take();
}

Bytes encode(const model::FeedbackBatch& batch) {
    RecordWriter out;
    out.count(batch.size());
    for (const auto& record : batch) write(out, record);
    return out.take();
}

Result<model::FeedbackRecord> decode_feedback_record(BytesView bytes) {
    RecordReader in("feedback", bytes);
    auto finished = in.finish(read(in));
    if (!finished) return std::unexpected(std::move(finished).error());
    return std::move(**finished);
}

Result<model::FeedbackBatch> decode_feedback_batch(BytesView bytes) {
    RecordReader in("feedback batch", bytes);
    model::FeedbackBatch batch;
    for (std::uint32_t left = in.u32(); left > 0 && in.ok(); --left) {
        if (auto record = read(in)) batch.push_back(std::move(*record));
    }
    return in.finish(std::move(batch));
}

}  // namespace restante::store
