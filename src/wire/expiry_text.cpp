#include "wire/expiry_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/text.hpp"
#include "base/timestamp.hpp"
#include "wire/json.hpp"

namespace restante::wire {
namespace {

/// Milliseconds of the year 9999 have fifteen.
constexpr std::size_t digits_max = 15;
/// Below it a number counts seconds (to the year 5138), from it on milliseconds (from 1973).
constexpr std::int64_t milliseconds_from = 100'000'000'000;

constexpr WallTime time_end = std::chrono::sys_days{std::chrono::year{10000} / 1 / 1};

bool is_number(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

Result<WallTime> parse_epoch(std::string_view text) {
    std::int64_t count = 0;
    if (text.size() <= digits_max) {
        std::from_chars(text.data(), text.data() + text.size(), count);
        if (count < milliseconds_from) count *= 1000;
    }
    if (text.size() > digits_max || from_unix_milliseconds(count) >= time_end) {
        return fail(ErrorCode::invalid_message_expiry_time,
                    "the expiry time lies beyond the year 9999: it counts milliseconds");
    }
    return from_unix_milliseconds(count);
}

/// "23 Nov 2026 14:05:06 GMT", with or without the day of the week, as ISO 8601.
std::optional<std::string> rfc1123_to_iso8601(std::string_view text) {
    constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    if (const auto comma = text.find(", "); comma == 3) text.remove_prefix(5);
    const auto words = split(text, ' ');
    if (words.size() != 5) return std::nullopt;
    const bool utc = iequals(words[4], "GMT") || iequals(words[4], "UTC");
    const auto* const month = std::ranges::find_if(
        months, [&](std::string_view name) { return iequals(name, words[1]); });
    if (!utc || month == months.end()) return std::nullopt;
    return fmt::format("{}-{:02}-{:0>2}T{}Z", words[2], month - months.begin() + 1, words[0],
                       words[3]);
}

}  // namespace

Result<WallTime> parse_expiry(std::string_view text) {
    if (is_number(text)) return parse_epoch(text);
    if (const auto iso8601 = rfc1123_to_iso8601(text)) {
        if (const auto time = parse_iso8601(*iso8601)) return *time;
    } else if (const auto time = parse_iso8601(text)) {
        return *time;
    }
    // Whoever wrote it may have written a page.
    constexpr std::size_t shown_bytes_max = 64;
    return fail(ErrorCode::argument_invalid,
                fmt::format("the expiry time '{}' is none: write it as 2026-11-23T14:05:06Z",
                            to_utf8(text.substr(0, shown_bytes_max))));
}

}  // namespace restante::wire
