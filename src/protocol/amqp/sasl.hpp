#pragma once
// The bodies of SASL frames (AMQP 5.3.3), as plain values.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "protocol/amqp/value.hpp"

namespace restante::amqp {

enum class SaslCode : std::uint8_t { ok = 0, auth = 1, sys = 2, sys_perm = 3, sys_temp = 4 };

struct SaslMechanisms {
    std::vector<Symbol> mechanisms;
    bool operator==(const SaslMechanisms&) const = default;
};
struct SaslInit {
    std::string mechanism;
    std::optional<Bytes> initial_response;
    std::optional<std::string> hostname;
    bool operator==(const SaslInit&) const = default;
};
struct SaslChallenge {
    Bytes challenge;
    bool operator==(const SaslChallenge&) const = default;
};
struct SaslResponse {
    Bytes response;
    bool operator==(const SaslResponse&) const = default;
};
struct SaslOutcome {
    SaslCode code = SaslCode::ok;
    std::optional<Bytes> additional_data;
    bool operator==(const SaslOutcome&) const = default;
};

using SaslFrame = std::variant<SaslMechanisms, SaslInit, SaslChallenge, SaslResponse, SaslOutcome>;

}  // namespace restante::amqp
