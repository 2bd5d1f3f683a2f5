// uses: auth
// Shared access signatures: any text is read or refused with a sentence; what create() makes from
// any resource and policy, parse() reads back and the key verifies.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "auth/shared_access_signature.hpp"

namespace {

using namespace restante;
using auth::SharedAccessSignature;

void require(bool condition) {
    if (!condition) std::abort();
}

const Bytes key = to_bytes("0123456789abcdef0123456789abcdef");
constexpr WallTime expiry{std::chrono::seconds{1795428407}};

void read(std::string_view text) {
    const auto token = SharedAccessSignature::parse(text);
    if (!token) {
        require(!token.error().message.empty());
        return;
    }
    require(!token->host().empty());
    require(token->covers(token->path()));
    require(!token->policy() || !token->policy()->empty());
    require(token->check_expiry(token->expiry()).has_value());
    require(!token->signature_matches({}));
    token->signature_matches(key);
    token->covers_identity("device", "module");
}

void round_trip(std::string_view resource, std::string_view policy) {
    const auto token =
        SharedAccessSignature::parse(SharedAccessSignature::create(resource, key, expiry, policy));
    if (!token) return;  // no host, or too long
    require(token->signature_matches(key));
    require(token->expiry() == expiry);
    require(token->policy().value_or("") == policy);
}

}  // namespace

// The name and signature libFuzzer prescribes.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = as_text(BytesView(data, size));
    read(text);
    const auto line = text.find('\n');
    round_trip(text.substr(0, line),
               line == std::string_view::npos ? std::string_view{} : text.substr(line + 1));
    return 0;
}
