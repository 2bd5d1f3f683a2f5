#pragma once
// What a Connection reports. An event owns what it holds.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "protocol/amqp/performative.hpp"

namespace restante::amqp {

/// Unique within a connection for its whole life, also after the session or link is gone.
enum class SessionId : std::uint64_t {};
enum class LinkId : std::uint64_t {};

/// Unique within a session and a direction.
enum class DeliveryId : std::uint32_t {};

/// At a server; wants sasl_outcome(), now or later. Nothing more is read before it.
struct SaslRequested {
    std::string mechanism;
    std::optional<Bytes> initial_response;
    std::string hostname;  ///< empty when the client named none
};

/// Both sides have opened; at a server our answer is on its way already.
struct Opened {
    Open open;
};

/// A session stands, whoever began it.
struct Began {
    SessionId session;
};

/// The peer wants a link; wants accept_attach() or refuse_attach(), now or later. Role::sender
/// means that the peer sends and we receive.
struct AttachRequested {
    SessionId session;
    LinkId link;
    std::shared_ptr<const Attach> attach;  ///< the engine shares it until the answer, to echo it
};

/// The peer has agreed to a link of ours. A refusal comes as Detached instead.
struct Attached {
    LinkId link;
    std::shared_ptr<const Attach> attach;
};

/// A whole message. Unless `settled`, wants settle().
struct Delivered {
    LinkId link;
    DeliveryId id;
    Bytes tag;
    bool settled;
    std::uint32_t message_format;
    Bytes payload;
};

/// A link on which we send has new credit, or a way past what held it up. A hint: can_send() says.
/// `drain`: the peer wants the credit used up or given back; what is left of it when take_output()
/// is called next is given back.
struct CreditGranted {
    LinkId link;
    std::uint32_t credit;
    bool drain;
};

/// What the peer decided about a delivery we sent. `settled`: forgotten already. Otherwise it wants
/// settle_sent(): the peer attached with receiver settle mode second.
/// Or, of a delivery received on a link that settles second, its answer to our decision; no tag.
struct DispositionReceived {
    LinkId link;
    DeliveryId id;
    Bytes tag;
    bool settled;
    std::optional<DeliveryState> state;
};

/// The link is gone: by the peer, answered already, or by the peer's fault, with the error we sent.
/// Never after our own detach(), refuse_attach() or end().
struct Detached {
    LinkId link;
    std::optional<ErrorCondition> error;
};

/// The session is gone, likewise; each of its links was reported Detached before.
struct Ended {
    SessionId session;
    std::optional<ErrorCondition> error;
};

/// The peer closed the connection, or answered our close(). The last event.
struct Closed {
    std::optional<ErrorCondition> error;
};

/// The peer broke the protocol, fell silent or refused our SASL. The last event.
struct Failed {
    Error error;
};

using Event = std::variant<SaslRequested, Opened, Began, AttachRequested, Attached, Delivered,
                           CreditGranted, DispositionReceived, Detached, Ended, Closed, Failed>;

}  // namespace restante::amqp
