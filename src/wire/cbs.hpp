#pragma once
// Claims-based security from a client's end: the request that puts a token on a connection, and the
// hub's answer.

#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace restante::wire {

inline constexpr std::string_view cbs_address = "$cbs";

/// An encoded put-token request. `audience` is what the token speaks for.
Bytes put_token_request(std::string_view audience, std::string_view token);

/// Reads the answer to one. Errors: unauthorized, device_not_found, or what else the hub's status
/// says, in words of this end: the hub tells a stranger no more; malformed.
Result<void> read_put_token_answer(BytesView answer);

}  // namespace restante::wire
