#pragma once
// The bodies of AMQP frames (AMQP 2.7) and the termini in them (AMQP 3.5), as plain values. Field
// order and defaults are the specification's; what no part of us reads is skipped when decoded.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "protocol/amqp/delivery_state.hpp"
#include "protocol/amqp/value.hpp"

namespace restante::amqp {

/// The sending end of a link. As the wire has it: false is a sender.
enum class Role : std::uint8_t { sender = 0, receiver = 1 };
enum class SenderSettleMode : std::uint8_t { unsettled = 0, settled = 1, mixed = 2 };
enum class ReceiverSettleMode : std::uint8_t { first = 0, second = 1 };

struct Source {
    std::optional<std::string> address;
    std::uint32_t durable = 0;
    Symbol expiry_policy{"session-end"};
    std::uint32_t timeout_seconds = 0;
    bool dynamic = false;
    Map dynamic_node_properties;
    std::optional<Symbol> distribution_mode;
    Map filter;
    Value default_outcome;
    std::vector<Symbol> outcomes;
    std::vector<Symbol> capabilities;
    bool operator==(const Source&) const = default;
};

struct Target {
    std::optional<std::string> address;
    std::uint32_t durable = 0;
    Symbol expiry_policy{"session-end"};
    std::uint32_t timeout_seconds = 0;
    bool dynamic = false;
    Map dynamic_node_properties;
    std::vector<Symbol> capabilities;
    bool operator==(const Target&) const = default;
};

struct Open {
    std::string container_id;
    std::optional<std::string> hostname;
    std::uint32_t max_frame_size = UINT32_MAX;
    std::uint16_t channel_max = UINT16_MAX;
    std::optional<std::uint32_t> idle_time_out_ms;
    std::vector<Symbol> outgoing_locales;
    std::vector<Symbol> incoming_locales;
    std::vector<Symbol> offered_capabilities;
    std::vector<Symbol> desired_capabilities;
    Map properties;
    bool operator==(const Open&) const = default;
};

struct Begin {
    std::optional<std::uint16_t> remote_channel;
    std::uint32_t next_outgoing_id = 0;
    std::uint32_t incoming_window = 0;
    std::uint32_t outgoing_window = 0;
    std::uint32_t handle_max = UINT32_MAX;
    std::vector<Symbol> offered_capabilities;
    std::vector<Symbol> desired_capabilities;
    Map properties;
    bool operator==(const Begin&) const = default;
};

struct Attach {
    std::string name;
    std::uint32_t handle = 0;  ///< of a link we attach: given by the engine
    Role role = Role::sender;
    SenderSettleMode sender_settle_mode = SenderSettleMode::mixed;
    ReceiverSettleMode receiver_settle_mode = ReceiverSettleMode::first;
    std::optional<Source> source;
    std::optional<Target> target;  ///< also absent when it is a transaction coordinator
    Map unsettled;
    bool incomplete_unsettled = false;
    std::optional<std::uint32_t> initial_delivery_count;
    std::optional<std::uint64_t> max_message_size;
    std::vector<Symbol> offered_capabilities;
    std::vector<Symbol> desired_capabilities;
    Map properties;  ///< written as an empty map when there are none, never as null
    bool operator==(const Attach&) const = default;
};

struct Flow {
    std::optional<std::uint32_t> next_incoming_id;
    std::uint32_t incoming_window = 0;
    std::uint32_t next_outgoing_id = 0;
    std::uint32_t outgoing_window = 0;
    std::optional<std::uint32_t> handle;
    std::optional<std::uint32_t> delivery_count;
    std::optional<std::uint32_t> link_credit;
    std::optional<std::uint32_t> available;
    bool drain = false;
    bool echo = false;
    bool operator==(const Flow&) const = default;
};

/// The payload follows it in the frame. A decoded one's tag points into the frame.
struct Transfer {
    std::uint32_t handle = 0;
    std::optional<std::uint32_t> delivery_id;
    std::optional<BytesView> delivery_tag;
    std::optional<std::uint32_t> message_format;
    std::optional<bool> settled;
    bool more = false;
    bool resume = false;
    bool aborted = false;
};

struct Disposition {
    Role role = Role::sender;
    std::uint32_t first = 0;
    std::optional<std::uint32_t> last;
    bool settled = false;
    std::optional<DeliveryState> state;
    bool operator==(const Disposition&) const = default;
};

struct Detach {
    std::uint32_t handle = 0;
    bool closed = false;
    std::optional<ErrorCondition> error;
    bool operator==(const Detach&) const = default;
};
struct End {
    std::optional<ErrorCondition> error;
    bool operator==(const End&) const = default;
};
struct Close {
    std::optional<ErrorCondition> error;
    bool operator==(const Close&) const = default;
};

using Performative =
    std::variant<Open, Begin, Attach, Flow, Transfer, Disposition, Detach, End, Close>;

}  // namespace restante::amqp
