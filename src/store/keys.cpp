#include "store/keys.hpp"

#include <algorithm>
#include <utility>

#include "base/byte_reader.hpp"

namespace restante::store {
namespace {

constexpr std::size_t suffix_bytes = 1 + sizeof(std::uint64_t);

}  // namespace

Bytes device_key(const model::DeviceId& device) {
    return to_bytes(device.value());
}

Bytes message_key(const model::DeviceId& device, model::SequenceNumber sequence) {
    Bytes key;
    key.reserve(device.value().size() + suffix_bytes);
    ByteWriter writer(key);
    writer.text(device.value());
    writer.u8(0);
    writer.u64(sequence.value);
    return key;
}

Bytes module_key(const model::DeviceId& device, const model::ModuleId& module) {
    Bytes key = device_key_prefix(device);
    append(key, as_bytes(module.value()));
    return key;
}

Bytes device_key_prefix(const model::DeviceId& device) {
    Bytes prefix = device_key(device);
    prefix.push_back(0);
    return prefix;
}

Bytes feedback_key(std::uint64_t number) {
    Bytes key;
    ByteWriter(key).u64(number);
    return key;
}

Result<model::DeviceId> parse_device_key(BytesView key) {
    auto device = model::DeviceId::parse(as_text(key));
    if (!device) {
        return fail(ErrorCode::malformed, "not a device key: " + device.error().message);
    }
    return device;
}

Result<MessageKey> parse_message_key(BytesView key) {
    if (key.size() < suffix_bytes || key[key.size() - suffix_bytes] != 0) {
        return fail(ErrorCode::malformed,
                    "not a message key: it ends in no 0x00 and sequence number");
    }
    auto device = parse_device_key(key.first(key.size() - suffix_bytes));
    if (!device) return std::unexpected(std::move(device).error());
    ByteReader reader(key.last(sizeof(std::uint64_t)));
    return MessageKey{.device = std::move(*device), .sequence = {reader.u64()}};
}

Result<ModuleKey> parse_module_key(BytesView key) {
    const auto nul = std::ranges::find(key, std::uint8_t{0});
    if (nul == key.end()) {
        return fail(ErrorCode::malformed, "not a module key: no 0x00 parts its two ids");
    }
    auto device = parse_device_key(BytesView(key.begin(), nul));
    if (!device) return std::unexpected(std::move(device).error());
    auto module = model::ModuleId::parse(as_text(BytesView(nul + 1, key.end())));
    if (!module) {
        return fail(ErrorCode::malformed, "not a module key: " + module.error().message);
    }
    return ModuleKey{.device = std::move(*device), .module = std::move(*module)};
}

Result<std::uint64_t> parse_feedback_key(BytesView key) {
    if (key.size() != sizeof(std::uint64_t)) {
        return fail(ErrorCode::malformed, "not a feedback key: it is not eight bytes long");
    }
    return ByteReader(key).u64();
}

}  // namespace restante::store
