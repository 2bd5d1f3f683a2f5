#pragma once
// The service's catalogue of errors: every code it may answer, one row a code. The hub says a few
// of them; our SDKs read them all.

#include <cstdint>
#include <span>
#include <string_view>

#include "base/error.hpp"

namespace restante::wire {

struct ErrorRow {
    /// What the error means here. Several rows may mean the same: the hub says the first of them.
    ErrorCode code;
    /// The service's name for it: the `iothub-errorcode` header, and part of a body.
    std::string_view name;
    /// The service's number for it; its first three digits are the HTTP status.
    std::uint32_t number;
    /// A few codes never come over HTTP: theirs is the status that HTTP would give them.
    std::uint16_t http_status;
    /// The AMQP symbol; empty where the service has none and the hub does not say the code.
    std::string_view condition;
};

/// First the rows that the hub says, then the others in the order of their numbers.
std::span<const ErrorRow> error_catalogue();

/// The row of a code, by its name or by its number; nullptr when the catalogue has none.
const ErrorRow* find_error(std::string_view name);
const ErrorRow* find_error(std::uint32_t number);

}  // namespace restante::wire
