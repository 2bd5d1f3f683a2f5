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

/// Errors: argument_invalid for a list, which HTTP knows and no client of the service sends.
inline Result<std::optional<wire::IfMatch>> if_match(const HttpExchange& exchange) {
    const auto header = exchange.request().headers.find("If-Match");
    if (!header || header->empty()) return std::nullopt;
    if (wire::is_list_of_tags(*header)) {
        return fail(ErrorCode::argument_invalid, "If-Match must hold one entity tag, or *");
    }
    return wire::parse_if_match(*header);
}

/// Of a PUT: without If-Match it creates, with it it updates. Errors: those of if_match.
inline Result<core::WriteCondition> write_condition(const HttpExchange& exchange) {
    using Kind = core::WriteCondition::Kind;
    const auto wanted = if_match(exchange);
    if (!wanted) return std::unexpected(wanted.error());
    if (!*wanted) return core::WriteCondition{.kind = Kind::create_only};
    if ((*wanted)->any) return core::WriteCondition{.kind = Kind::update_any};
    return core::WriteCondition{.kind = Kind::update_if_version, .version = version_of(**wanted)};
}

/// Of a DELETE: the version it names, none for any. Errors: those of if_match, and
/// precondition_failed without If-Match.
inline Result<std::optional<std::uint64_t>> expected_version(const HttpExchange& exchange) {
    const auto wanted = if_match(exchange);
    if (!wanted) return std::unexpected(wanted.error());
    if (!*wanted) return fail(ErrorCode::precondition_failed, "Etag missing");
    if ((*wanted)->any) return std::optional<std::uint64_t>();
    return std::optional(version_of(**wanted));
}

}  // namespace restante::gateway
