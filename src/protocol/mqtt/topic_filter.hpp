#pragma once
// What a topic name and a topic filter may look like, and when one meets the other (MQTT 4.7).

#include <optional>
#include <string_view>

namespace restante::mqtt {

/// What keeps `topic` from being a topic name, as the rest of a sentence ("is empty"); nullopt
/// when nothing does. UTF-8 is the codec's business.
std::optional<std::string_view> topic_name_fault(std::string_view topic);

/// The same for a topic filter, where '+' stands for one level and a final '#' for all below.
std::optional<std::string_view> topic_filter_fault(std::string_view filter);

/// Whether a subscription to `filter`, a valid one, receives what is published on `topic`.
bool matches(std::string_view filter, std::string_view topic);

}  // namespace restante::mqtt
