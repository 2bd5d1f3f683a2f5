#pragma once
// A shared access signature, as text and as a claim to check:
//
//     SharedAccessSignature sr=<resource>&sig=<signature>&se=<expiry>[&skn=<policy>]
//
// A plain value. The signature covers the raw text of `sr` and `se`, so both are kept as sent: the
// SDKs escape `sr` in five different ways. No error message here holds a token, a signature or a
// key. Reading one proves nothing: a caller trusts it once signature_matches(), check_expiry() and
// covers() (or covers_identity()) have all agreed, and host() is one of the hub's names.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

namespace restante::auth {

/// Longest token read. A legitimate one stays below 600 bytes: host, two ids of 128 characters,
/// each possibly escaped three-fold, and a signature of 44.
inline constexpr std::size_t shared_access_signature_bytes_max = 4096;

class SharedAccessSignature {
  public:
    /// Reads a token: the leading word in any case, fields by name in any order, unknown ones
    /// ignored. Errors: unauthorized, saying which part is missing, doubled or unreadable.
    static Result<SharedAccessSignature> parse(std::string_view text);

    /// Makes a token for `resource` ("host/devices/d1"), spelled as Python spells it: `sr` fully
    /// escaped, fields in the order sr, sig, se, skn. `key` is the decoded key.
    static std::string create(std::string_view resource, BytesView key, WallTime expiry,
                              std::string_view policy = {});

    /// Whether `key` (decoded; or the key's own text, by Event Hubs' rule) signed this token.
    /// Compares in constant time. An empty key matches nothing.
    bool signature_matches(BytesView key) const;

    /// The last second the token holds. Beyond the year 9999 reads as its end.
    WallTime expiry() const { return expiry_; }

    /// Errors: unauthorized, saying by how many seconds the token has expired.
    Result<void> check_expiry(WallTime now) const;

    /// Lower case, without scheme or port; an IPv6 address without brackets.
    const std::string& host() const { return host_; }

    /// The path of the resource, decoded once: empty for the whole hub.
    const std::vector<std::string>& path() const { return path_; }

    /// The policy whose key signed; nullopt for the key of the device or module itself.
    const std::optional<std::string>& policy() const { return policy_; }

    /// Whether the token's path is a prefix of `resource`, segment by segment: "devices/a" covers
    /// "devices/a/messages", not "devices/ab".
    ///
    /// Segments compare without case, because tools are told to lower-case what they sign, and a
    /// segment may be escaped once more than the rest, because C# escapes an id and then the whole.
    bool covers(std::span<const std::string> resource) const;

    /// Whether the token speaks for a device or, with `module`, for one of its modules: it covers
    /// the identity's path, or names something below it (`/messages/events`, `/api-version=..`).
    /// A module's token does not speak for its device.
    bool covers_identity(std::string_view device, std::string_view module = {}) const;

  private:
    SharedAccessSignature() = default;

    Result<void> read_fields(std::string_view fields);
    Result<void> read_signature(std::string_view text);
    Result<void> read_expiry(std::string_view text);
    Result<void> read_resource(std::string_view text);
    bool agrees(std::span<const std::string> resource, std::size_t segments) const;

    std::string resource_as_sent_;
    std::string expiry_as_sent_;
    Bytes signature_;
    WallTime expiry_;
    std::string host_;
    std::vector<std::string> path_;
    std::optional<std::string> policy_;
};

}  // namespace restante::auth
