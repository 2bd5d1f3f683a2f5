#pragma once
// The condition of a request on an identity, as the registry's routes read it.

#include "gateway/http/http_exchange.hpp"
#include "wire/etag.hpp"

namespace restante::gateway {

/// Stands for a tag that is none of ours: versions count from 1.
inline constexpr std::uint64_t no_version = 0;

inline std::uint64_t version_of(const wire::IfMatch& wanted) {
    return wire::etag_version(wanted.etag).value_or(no_version);
}

inline std::optional<wire::IfMatch> if_match(const HttpExchange& exchange) {
    const auto header = exchange.request().headers.find("If-Match");
    if (!header || header->empty()) return std::nullopt;
    return wire::parse_if_match(*header);
}

/// Of a PUT: without If-Match it creates, with it it updates.
inline core::WriteCondition write_condition(const std::optional<wire::IfMatch>& wanted) {
    using Kind = core::WriteCondition::Kind;
    if (!wanted) return {.kind = Kind::create_only};
    if (wanted->any) return {.kind = Kind::update_any};
    return {.kind = Kind::update_if_version, .version = version_of(*wanted)};
}

/// Of a DELETE: the version it names, none for any. Errors: precondition_failed without If-Match.
inline Result<std::optional<std::uint64_t>> expected_version(const HttpExchange& exchange) {
    const auto wanted = if_match(exchange);
    if (!wanted) return fail(ErrorCode::precondition_failed, "Etag missing");
    if (wanted->any) return std::optional<std::uint64_t>();
    return std::optional(version_of(*wanted));
}

}  // namespace restante::gateway
