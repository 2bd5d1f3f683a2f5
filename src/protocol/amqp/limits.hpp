#pragma once
// What one peer may ask of a connection: every bound of the AMQP engine but those of its codec.

#include <cstdint>

#include "base/clock.hpp"

namespace restante::amqp {

/// Least maximum frame size a peer may name, in bytes (AMQP 2.7.1, MIN-MAX-FRAME-SIZE).
constexpr std::uint32_t frame_bytes_min_max = 512;

/// Largest frame read, and largest written whatever a peer would take. Every SDK accepts it.
constexpr std::uint32_t frame_bytes_max = 65'536;

/// Largest SASL frame, in bytes. The specification says 512, but a PLAIN password is a token.
constexpr std::uint32_t sasl_frame_bytes_max = 16'384;

/// Highest channel a peer may use: Java puts up to 1,000 devices on a connection, one a session,
/// and one more session for its tokens.
constexpr std::uint16_t channel_max = 1'023;

/// Highest link handle in a session: the C SDK puts all its devices, six links each, in one.
constexpr std::uint32_t handle_max = 8'191;

/// Most links on one connection, over all sessions: six for each of 1,000 devices, and spare.
constexpr std::size_t links_max = 8'192;

/// What a peer may have before authenticated(): it needs one session and two links to put a token.
constexpr std::size_t unauthenticated_sessions_max = 4;
constexpr std::size_t unauthenticated_links_max = 16;
/// A put-token message, in bytes.
constexpr std::size_t unauthenticated_message_bytes_max = 16'384;

/// Largest message of a link that names no smaller one, in bytes.
constexpr std::uint64_t message_bytes_max_default = 1'048'576;

/// Most bytes of unfinished multi-transfer deliveries on one connection, over all links.
constexpr std::size_t assembly_bytes_max = 8'388'608;

/// Transfer frames a session may receive before we say more; topped up at half.
constexpr std::uint32_t incoming_window = 4'096;

/// Most credit a link gives at once, so also most deliveries awaiting settle() on it.
constexpr std::uint32_t credit_window_max = 8'192;

/// Most sent deliveries of a session that await the peer's disposition.
constexpr std::size_t unsettled_sent_max = 16'384;

/// Longest delivery tag, in bytes (AMQP 2.8.7).
constexpr std::size_t delivery_tag_bytes_max = 32;

/// Shortest idle time-out of a peer that we promise to serve: an empty frame every half of it.
constexpr Milliseconds peer_idle_time_out_min = std::chrono::seconds(1);

/// How long close() waits for the peer's answer.
constexpr Milliseconds close_timeout = std::chrono::seconds(5);

}  // namespace restante::amqp
