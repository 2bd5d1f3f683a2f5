#include "auth/shared_access_signature.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <climits>
#include <new>

#include "base/assert.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "base/timestamp.hpp"

namespace restante::auth {
namespace {

constexpr std::string_view leading_word = "SharedAccessSignature";
constexpr std::size_t signature_bytes = 32;
/// 9999-12-31T23:59:59Z; later expiries mean "never" and would not fit every date format.
constexpr std::uint64_t expiry_seconds_max = 253'402'300'799;
/// More digits than any expiry, milliseconds by mistake included, fewer than overflow 64 bits.
constexpr std::size_t expiry_digits_max = 18;

using Signature = std::array<std::uint8_t, signature_bytes>;

std::unexpected<Error> refused(std::string_view why) {
    return fail(ErrorCode::unauthorized, fmt::format("shared access signature: {}", why));
}

/// What `new` does when it finds none: OpenSSL lacked nothing else.
[[noreturn]] void end_without_memory() {
    if (const auto handler = std::get_new_handler()) handler();
    throw std::bad_alloc();
}

/// HMAC-SHA256 over "<sr> LF <se>".
Signature sign(std::string_view resource, std::string_view expiry, BytesView key) {
    RESTANTE_ASSERT(key.size() <= INT_MAX);
    const std::string text = fmt::format("{}\n{}", resource, expiry);
    Signature signature{};
    unsigned int size = 0;
    const auto* const done = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                                  as_bytes(text).data(), text.size(), signature.data(), &size);
    if (done == nullptr) end_without_memory();
    RESTANTE_ASSERT(size == signature_bytes);
    return signature;
}

bool is_visible_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

/// "Host:8883" is "host", "[::1]:8883" is "::1".
std::string plain_host(std::string_view text) {
    if (text.starts_with('[')) return to_lower(text.substr(1, text.find(']') - 1));
    return to_lower(text.substr(0, text.find(':')));
}

}  // namespace

Result<SharedAccessSignature> SharedAccessSignature::parse(std::string_view text) {
    if (text.size() > shared_access_signature_bytes_max) return refused("longer than any token");
    if (!istarts_with(text, leading_word)) {
        return refused("does not begin with the word SharedAccessSignature");
    }
    text.remove_prefix(leading_word.size());
    const auto fields = text.find_first_not_of(' ');
    if (fields == 0 || fields == std::string_view::npos) {
        return refused("a space and then the fields must follow the word SharedAccessSignature");
    }
    SharedAccessSignature token;
    if (auto ok = token.read_fields(text.substr(fields)); !ok) return std::unexpected(ok.error());
    return token;
}

Result<void> SharedAccessSignature::read_fields(std::string_view fields) {
    if (!is_visible_ascii(fields)) return refused("holds a space or an unprintable character");
    struct Field {
        std::string_view name;
        std::optional<std::string_view> value;
    };
    std::array<Field, 4> known{{{"sr", {}}, {"sig", {}}, {"se", {}}, {"skn", {}}}};
    auto& [resource, signature, expiry, policy] = known;
    for (const std::string_view field : split(fields, '&')) {
        const auto equals = field.find('=');
        for (Field& candidate : known) {
            if (field.substr(0, equals) != candidate.name) continue;
            if (equals == std::string_view::npos) {
                return refused(fmt::format("field {} has no value", candidate.name));
            }
            if (candidate.value) return refused(fmt::format("two fields {}", candidate.name));
            candidate.value = field.substr(equals + 1);
        }
    }
    for (const Field& required : {resource, signature, expiry}) {
        if (!required.value) return refused(fmt::format("field {} is missing", required.name));
    }
    if (policy.value && !policy.value->empty()) policy_ = percent_decode(*policy.value);
    if (auto ok = read_signature(*signature.value); !ok) return ok;
    if (auto ok = read_expiry(*expiry.value); !ok) return ok;
    return read_resource(*resource.value);
}

Result<void> SharedAccessSignature::read_signature(std::string_view text) {
    auto bytes = from_base64(percent_decode(text));
    if (!bytes || bytes->size() != signature_bytes) {
        return refused("field sig is not the base64 of 32 bytes; is it percent-encoded once?");
    }
    signature_ = std::move(*bytes);
    return {};
}

Result<void> SharedAccessSignature::read_expiry(std::string_view text) {
    std::uint64_t seconds = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (text.empty() || text.size() > expiry_digits_max || error != std::errc{} ||
        stop != text.data() + text.size()) {
        return refused("field se is not a number of seconds since 1970");
    }
    expiry_as_sent_ = std::string(text);
    expiry_ = WallTime{std::chrono::seconds{std::min(seconds, expiry_seconds_max)}};
    return {};
}

Result<void> SharedAccessSignature::read_resource(std::string_view text) {
    resource_as_sent_ = std::string(text);
    const std::string decoded = percent_decode(text);
    std::string_view resource = decoded;
    if (const auto scheme = resource.find("://"); scheme != std::string_view::npos) {
        resource.remove_prefix(scheme + 3);
    }
    const auto slash = resource.find('/');
    host_ = plain_host(resource.substr(0, slash));
    if (host_.empty()) return refused("field sr names no host");
    if (slash == std::string_view::npos) return {};
    std::string_view path = resource.substr(slash + 1);
    if (path.ends_with('/')) path.remove_suffix(1);
    if (path.empty()) return {};
    for (const std::string_view segment : split(path, '/')) path_.emplace_back(segment);
    return {};
}

std::string SharedAccessSignature::create(std::string_view resource, BytesView key, WallTime expiry,
                                          std::string_view policy) {
    const std::string sr = percent_encode(resource);
    const std::string se = fmt::to_string(unix_seconds(expiry));
    const std::string sig = percent_encode(to_base64(sign(sr, se, key)));
    std::string text = fmt::format("{} sr={}&sig={}&se={}", leading_word, sr, sig, se);
    if (!policy.empty()) text += fmt::format("&skn={}", percent_encode(policy));
    return text;
}

bool SharedAccessSignature::signature_matches(BytesView key) const {
    if (key.empty()) return false;
    const Signature expected = sign(resource_as_sent_, expiry_as_sent_, key);
    return CRYPTO_memcmp(expected.data(), signature_.data(), signature_bytes) == 0;
}

Result<void> SharedAccessSignature::check_expiry(WallTime now) const {
    if (unix_seconds(now) <= unix_seconds(expiry_)) return {};
    return fail(ErrorCode::unauthorized, fmt::format("token expired {} s ago (se={}, hub clock {})",
                                                     unix_seconds(now) - unix_seconds(expiry_),
                                                     unix_seconds(expiry_), unix_seconds(now)));
}

/// Whether the first `segments` segments of the token's path and of `resource` are equal.
bool SharedAccessSignature::agrees(std::span<const std::string> resource,
                                   std::size_t segments) const {
    for (std::size_t i = 0; i < segments; ++i) {
        if (!iequals(path_[i], resource[i]) && !iequals(percent_decode(path_[i]), resource[i])) {
            return false;
        }
    }
    return true;
}

bool SharedAccessSignature::covers(std::span<const std::string> resource) const {
    return path_.size() <= resource.size() && agrees(resource, path_.size());
}

bool SharedAccessSignature::covers_identity(std::string_view device,
                                            std::string_view module) const {
    std::vector<std::string> identity{"devices", std::string(device)};
    if (!module.empty()) {
        identity.emplace_back("modules");
        identity.emplace_back(module);
    }
    if (path_.size() <= identity.size()) return covers(identity);
    const bool of_a_module = module.empty() && iequals(path_[identity.size()], "modules");
    return !of_a_module && agrees(identity, identity.size());
}

}  // namespace restante::auth
