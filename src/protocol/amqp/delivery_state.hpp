#pragma once
// What becomes of a delivery (AMQP 3.4), and why something ended (AMQP 2.8.14), as plain values.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "protocol/amqp/value.hpp"

namespace restante::amqp {

/// A peer's or our reason for ending something (AMQP 2.8.14); conditions: condition.hpp.
struct ErrorCondition {
    std::string condition;
    std::string description;
    Map info;
    bool operator==(const ErrorCondition&) const = default;
};

struct Received {
    std::uint32_t section_number = 0;
    std::uint64_t section_offset = 0;
    bool operator==(const Received&) const = default;
};
struct Accepted {
    bool operator==(const Accepted&) const = default;
};
struct Rejected {
    std::optional<ErrorCondition> error;
    bool operator==(const Rejected&) const = default;
};
struct Released {
    bool operator==(const Released&) const = default;
};
struct Modified {
    bool delivery_failed = false;
    bool undeliverable_here = false;
    Map message_annotations;
    bool operator==(const Modified&) const = default;
};
using DeliveryState = std::variant<Accepted, Rejected, Released, Modified, Received>;

}  // namespace restante::amqp
