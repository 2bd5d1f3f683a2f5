#pragma once
// Why an operation or a connection ended: a plain value inside, an exception at the boundary.

#include <cstdint>
#include <exception>
#include <optional>
#include <string>

#include "base/error.hpp"

namespace restante::device {

enum class FailureKind : std::uint8_t {
    failed,         ///< the hub cannot be reached or is busy
    dropped,        ///< the connection broke
    tls,            ///< TLS failed, or the hub's certificate is not trusted
    credential,     ///< the hub refuses the device
    protocol,       ///< the hub refuses to speak with this client
    refused,        ///< the hub refuses a subscription
    timeout,        ///< no answer in time
    cancelled,      ///< disconnect() or shutdown() came first
    not_connected,  ///< and not allowed to connect
    full,           ///< too much waits on this side
    misused,        ///< the cause is Python's sentence
    shut_down,
};

struct Failure {
    FailureKind kind;
    std::string cause;         ///< a sentence without its first capital and full stop; may be empty
    std::uint32_t number = 0;  ///< IoT Hub's, where the hub said one

    bool operator==(const Failure&) const = default;
};

/// How a request ended: nullopt when it was done.
using Outcome = std::optional<Failure>;

/// Whether the client itself connects again, with the same credentials.
bool retryable(FailureKind kind);

/// What net says of a connection that did not come about, or, `accepted`, that broke.
Failure failure_of(const Error& reason, bool accepted);

/// What the hub itself says, in words for the person who must mend it.
/// `number` is the hub's own for it, where it said one.
Failure failure_of_hub(const Error& reason, bool accepted, std::uint32_t number = 0);

/// The public exception: Python's sentence, then the cause.
std::exception_ptr to_exception(const Failure& failure);

}  // namespace restante::device
