#pragma once
// The JSON of queries: the request, a page of the answer, and the token that names the next page.
// The page itself is core's, so it is written from the plain parts of it.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "model/module_identity.hpp"

namespace restante::wire {

inline constexpr std::string_view item_type_header = "x-ms-item-type";
inline constexpr std::string_view continuation_header = "x-ms-continuation";
inline constexpr std::string_view max_item_count_header = "x-ms-max-item-count";

/// Bytes of a request: the longest query, each character escaped, and some air.
inline constexpr std::size_t query_json_bytes_max = 64 * 1024;

/// {"query":"..."}: the text. Errors: argument_invalid, argument_null.
Result<std::string> query_from_json(std::string_view body);
std::string query_to_json(std::string_view query);

/// An empty twin, as `SELECT *` shows an identity until there are others.
std::string twin_json(const model::DeviceDescription& device);
std::string twin_json(const model::ModuleDescription& module, bool iot_edge);

/// A place among the identities, as text that clients send back as it came.
struct ContinuationToken {
    std::string device;
    std::string module;
    std::uint64_t given = 0;

    std::string to_text() const;
    /// Errors: argument_invalid.
    static Result<ContinuationToken> parse(std::string_view text);
};

}  // namespace restante::wire
