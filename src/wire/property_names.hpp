#pragma once
// Property names and words that mean the same on every wire: `iothub-ack` and its four words, and
// the names that only the hub may give to a device.

#include <optional>
#include <string_view>

#include "model/cloud_to_device_message.hpp"

namespace restante::wire {

inline constexpr std::string_view ack_property = "iothub-ack";

/// "none", "positive", "negative" or "full": in lower case, because the C# device client closes
/// its connection on any other spelling.
std::string_view ack_word(model::AckRequest ack);

/// Reads one of the four words in any case.
std::optional<model::AckRequest> parse_ack_word(std::string_view word);

/// Names that must not reach a device as an application property: the Java device client throws
/// on them and with that loses the message.
bool is_reserved_property(std::string_view name);

}  // namespace restante::wire
