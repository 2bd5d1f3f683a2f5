#include "protocol/mqtt/topic_filter.hpp"

namespace restante::mqtt {
namespace {

/// Takes the text before the next '/' off `rest`; nullopt once the last level has been taken.
std::optional<std::string_view> take_level(std::optional<std::string_view>& rest) {
    if (!rest) return std::nullopt;
    const auto end = rest->find('/');
    const std::string_view level = rest->substr(0, end);
    if (end == std::string_view::npos) {
        rest.reset();
    } else {
        rest->remove_prefix(end + 1);
    }
    return level;
}

}  // namespace

std::optional<std::string_view> topic_name_fault(std::string_view topic) {
    if (topic.empty()) return "is empty";  // [MQTT-4.7.3-1]
    if (topic.find_first_of("+#") != std::string_view::npos) {
        return "contains a wildcard";  // [MQTT-3.3.2-2]
    }
    return std::nullopt;
}

std::optional<std::string_view> topic_filter_fault(std::string_view filter) {
    if (filter.empty()) return "is empty";  // [MQTT-4.7.3-1]
    std::optional<std::string_view> rest = filter;
    while (const auto level = take_level(rest)) {
        if (level->find('#') != std::string_view::npos && (*level != "#" || rest)) {
            return "has a '#' that is not the whole last level";  // [MQTT-4.7.1-2]
        }
        if (level->find('+') != std::string_view::npos && *level != "+") {
            return "has a '+' that is not a whole level";  // [MQTT-4.7.1-3]
        }
    }
    return std::nullopt;
}

bool matches(std::string_view filter, std::string_view topic) {
    // A leading wildcard does not reach topics that begin with '$' [MQTT-4.7.2-1].
    const bool wildcard_first = filter.starts_with('+') || filter.starts_with('#');
    if (wildcard_first && topic.starts_with('$')) return false;

    std::optional<std::string_view> filter_rest = filter;
    std::optional<std::string_view> topic_rest = topic;
    while (const auto wanted = take_level(filter_rest)) {
        if (*wanted == "#") return true;  // also the parent itself: "a/#" matches "a"
        const auto level = take_level(topic_rest);
        if (!level || (*wanted != "+" && *wanted != *level)) return false;
    }
    return !topic_rest;
}

}  // namespace restante::mqtt
