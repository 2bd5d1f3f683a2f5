#include "common/member.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <charconv>

#include "base/encoding.hpp"

namespace restante::fleet {
namespace {

constexpr std::string_view secret = "the fleet's keys are for tests";

model::DeviceId id_of(std::size_t number) {
    return model::DeviceId::parse(fmt::format("fleet-{:05}", number)).value();
}

}  // namespace

Member::Member(std::size_t number) : number_(number), id_(id_of(number)) {}

Bytes Member::key() const {
    Bytes key(EVP_MAX_MD_SIZE);
    unsigned int length = 0;
    const BytesView text = as_bytes(name());
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), text.data(), text.size(),
         key.data(), &length);
    key.resize(length);
    return key;
}

model::DeviceDefinition Member::definition() const {
    model::DeviceDefinition definition{.id = id_};
    const std::string text = to_base64(key());
    definition.authentication.symmetric_key = {.primary = text, .secondary = text};
    return definition;
}

model::CloudToDeviceMessage Member::message(std::size_t message, std::size_t bytes) const {
    model::CloudToDeviceMessage sent;
    sent.message_id = fmt::format("{}-{}", name(), message);
    sent.to = fmt::format("/devices/{}/messages/devicebound", name());
    sent.body = body(message, bytes);
    return sent;
}

Bytes Member::body(std::size_t message, std::size_t bytes) const {
    Bytes body = to_bytes(fmt::format("{} {} ", name(), message));
    body.reserve(bytes);
    // Noise that compresses as little as real payloads may; the multiplier is Knuth's MMIX one.
    std::uint64_t state = number_ << 32 | message;
    while (body.size() < bytes) {
        state = state * 6'364'136'223'846'793'005 + 1'442'695'040'888'963'407;
        body.push_back(static_cast<std::uint8_t>(state >> 56));
    }
    return body;
}

std::size_t Member::message_of(BytesView body) const {
    std::string_view text = as_text(body);
    const std::string mine = name() + ' ';
    if (!text.starts_with(mine)) return 0;
    text.remove_prefix(mine.size());
    std::size_t message = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), message);
    const bool whole = end != text.data() + text.size() && *end == ' ';
    return error == std::errc{} && whole ? message : 0;
}

}  // namespace restante::fleet
