#pragma once
// What a connection knows of its sessions and links. Plain state: the rules are Connection's.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "protocol/amqp/delivery_table.hpp"
#include "protocol/amqp/event.hpp"
#include "protocol/amqp/limits.hpp"

namespace restante::amqp {

/// An index into the connection's table of links.
using LinkSlot = std::uint32_t;

struct ReceivedDelivery {
    std::uint32_t id = 0;
    LinkSlot link = 0;
    bool gone = false;
    bool decided = false;  // on a link that settles second: the peer's settlement is due
};

struct SentDelivery {
    std::uint32_t id = 0;
    LinkSlot link = 0;
    bool gone = false;
    std::uint8_t tag_size = 0;
    std::array<std::uint8_t, delivery_tag_bytes_max> tag{};
};

/// A delivery of which transfers are still to come.
struct Assembly {
    std::uint32_t id = 0;
    Bytes tag;
    bool settled = false;
    std::uint32_t message_format = 0;
    Bytes payload;
};

/// The rest of a delivery of ours that the peer's session window holds up.
struct Backlog {
    LinkSlot link = 0;
    Transfer transfer;  // its tag is looked up in `tag`
    Bytes tag;
    Bytes rest;
    std::size_t sent = 0;  // bytes of `rest`
};

enum class LinkState : std::uint8_t {
    requested,  // by the peer; our answer is due
    attaching,  // by us; the peer's answer is due
    attached,
    refused,    // by the peer, whose detach is due
    detaching,  // by us; the peer's detach is due
};

struct Link {
    LinkId id{};
    std::uint16_t channel = 0;  // ours, so its session's index
    LinkState state = LinkState::requested;
    Role role = Role::sender;  // ours
    SenderSettleMode sender_settle_mode = SenderSettleMode::mixed;
    bool draining = false;
    bool settles_second = false;  // ours, a receiver
    std::optional<std::uint32_t> handle_in;
    std::uint32_t handle_out = 0;
    std::uint32_t delivery_count = 0;
    std::uint32_t credit = 0;
    std::uint32_t credit_window = 0;       // a receiver's
    std::uint32_t unsettled = 0;           // a receiver's
    std::uint64_t message_bytes_max = 0;   // ours when receiving, the peer's when sending; 0: none
    std::shared_ptr<const Attach> attach;  // until answered; shared with the event
    std::unique_ptr<Assembly> assembly;
};

enum class SessionState : std::uint8_t { beginning, begun, ending };

struct Session {
    SessionId id{};
    SessionState state = SessionState::begun;
    std::optional<std::uint16_t> channel_in;
    std::uint32_t next_incoming_id = 0;
    std::uint32_t incoming_window = amqp::incoming_window;
    std::uint32_t next_outgoing_id = 0;
    std::uint32_t remote_incoming_window = 0;
    std::uint32_t next_delivery_id = 0;
    std::optional<std::uint32_t> last_delivery_in;
    std::uint32_t peer_handle_max = UINT32_MAX;
    std::vector<LinkSlot> handles_in;  // by handle; no_link where none
    std::vector<LinkSlot> handles_out;
    DeliveryTable<ReceivedDelivery> unsettled_in;
    DeliveryTable<SentDelivery> unsettled_out;
    std::unique_ptr<Backlog> backlog;
};

/// What our begin and flows name as our outgoing window: no bound of ours, the peer's counts.
constexpr std::uint32_t outgoing_window = 0x7fff'ffff;

constexpr LinkSlot no_link = UINT32_MAX;
constexpr std::uint16_t no_channel = UINT16_MAX;

}  // namespace restante::amqp
