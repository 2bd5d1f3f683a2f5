// uses: auth
// The certificates a stranger shows, and PEM texts somebody saved: 'd' a chain in DER, each
// certificate behind its length in two bytes, 'p' the PEM of an authority. Nothing that was not
// signed by an authority proves anything.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "auth/authority_proof.hpp"
#include "auth/certificate_authority.hpp"
#include "auth/client_certificate.hpp"
#include "auth/trusted_authorities.hpp"
#include "base/assert.hpp"
#include "base/byte_reader.hpp"

namespace {

using namespace restante;

constexpr std::size_t chain_max = 8;
constexpr WallTime now = std::chrono::sys_days{std::chrono::year{2026} / 11 / 23};

void fuzz_chain(BytesView bytes) {
    // Of a key that this process makes: nobody can have signed with it.
    static const auto authority = auth::create_certificate_authority(now);
    static const std::vector<auth::TrustedAuthority> keyring{
        {.name = "a",
         .certificate_pem = authority->certificate_pem,
         .verification_code = "",
         .verified = true}};
    static const auth::TrustedAuthorities trusted(keyring);
    std::vector<Bytes> chain;
    ByteReader in(bytes);
    while (!in.empty() && chain.size() < chain_max) {
        const auto der = in.take(std::min<std::size_t>(in.u16(), in.remaining()));
        chain.emplace_back(der.begin(), der.end());
    }
    const auto certificate = auth::ClientCertificate::parse(chain);
    if (!certificate) return;
    static_cast<void>(certificate->check_validity(now));
    static_cast<void>(certificate->common_name());
    RESTANTE_ASSERT(!trusted.check(*certificate, now));
    const auto fingerprint = certificate->fingerprint();
    RESTANTE_ASSERT(certificate->matches({.primary = fingerprint, .secondary = {}}));
    RESTANTE_ASSERT(!certificate->matches({.primary = "", .secondary = {}}));
}

void fuzz_pem(std::string_view pem) {
    static_cast<void>(auth::certificate_expiry(pem));
    static_cast<void>(auth::certificate_covers(pem, "hub.example"));
    static_cast<void>(auth::certificate_covers(pem, "192.0.2.1"));
    const auto described = auth::describe_authority(pem);
    RESTANTE_ASSERT(described || !described.error().message.empty());
    const auth::TrustedAuthority authority{.name = "a",
                                           .certificate_pem = std::string(pem),
                                           .verification_code = "0123",
                                           .verified = false};
    RESTANTE_ASSERT(!auth::check_possession(authority, "", now));
    static_cast<void>(auth::check_authorities({authority}));
}

}  // namespace

// The name and signature libFuzzer prescribes.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const BytesView bytes(data + 1, size - 1);
    if (data[0] == 'd') fuzz_chain(bytes);
    if (data[0] == 'p') fuzz_pem(as_text(bytes));
    return 0;
}
