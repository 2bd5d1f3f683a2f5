#include "base/timestamp.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>

namespace restante {
namespace {

/// Takes exactly `digits` decimal digits off the front.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
    if (text.size() < digits) return std::nullopt;
    int value = 0;
    for (const char c : text.substr(0, digits)) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + (c - '0');
    }
    text.remove_prefix(digits);
    return value;
}

bool take(std::string_view& text, char expected) {
    if (text.empty() || text.front() != expected) return false;
    text.remove_prefix(1);
    return true;
}

std::optional<std::chrono::sys_days> take_date(std::string_view& text) {
    const auto year = take_number(text, 4);
    if (!year || !take(text, '-')) return std::nullopt;
    const auto month = take_number(text, 2);
    if (!month || !take(text, '-')) return std::nullopt;
    const auto day = take_number(text, 2);
    if (!day) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year{*year},
                                           std::chrono::month{static_cast<unsigned>(*month)},
                                           std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days{date};
}

/// Fraction digits as milliseconds; the rest is dropped.
std::optional<Milliseconds> take_fraction(std::string_view& text) {
    int scale = 100;
    int milliseconds = 0;
    std::size_t digits = 0;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
        milliseconds += (text.front() - '0') * scale;
        scale /= 10;
        ++digits;
        text.remove_prefix(1);
    }
    if (digits == 0 || digits > 9) return std::nullopt;
    return Milliseconds{milliseconds};
}

std::optional<Milliseconds> take_time_of_day(std::string_view& text) {
    const auto hour = take_number(text, 2);
    if (!hour || !take(text, ':')) return std::nullopt;
    const auto minute = take_number(text, 2);
    if (!minute || !take(text, ':')) return std::nullopt;
    const auto second = take_number(text, 2);
    if (!second || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
    Milliseconds time =
        std::chrono::hours{*hour} + std::chrono::minutes{*minute} + std::chrono::seconds{*second};
    if (take(text, '.')) {
        const auto fraction = take_fraction(text);
        if (!fraction) return std::nullopt;
        time += *fraction;
    }
    return time;
}

std::optional<Milliseconds> take_zone(std::string_view& text) {
    if (text.empty()) return Milliseconds{0};
    if (take(text, 'Z') || take(text, 'z')) return Milliseconds{0};
    const bool east = text.front() == '+';
    if (!east && text.front() != '-') return std::nullopt;
    text.remove_prefix(1);
    const auto hour = take_number(text, 2);
    if (!hour || !take(text, ':')) return std::nullopt;
    const auto minute = take_number(text, 2);
    if (!minute || *hour > 23 || *minute > 59) return std::nullopt;
    const Milliseconds offset = std::chrono::hours{*hour} + std::chrono::minutes{*minute};
    return east ? offset : -offset;
}

/// The units a duration may hold, in the order they must appear.
struct Unit {
    char letter;
    bool after_t;
    Milliseconds length;
};
constexpr std::array<Unit, 4> units{{{'D', false, std::chrono::hours{24}},
                                     {'H', true, std::chrono::hours{1}},
                                     {'M', true, std::chrono::minutes{1}},
                                     {'S', true, std::chrono::seconds{1}}}};

std::optional<Milliseconds> take_duration(std::string_view text) {
    if (!take(text, 'P') || text.empty()) return std::nullopt;
    Milliseconds total{0};
    bool after_t = false;
    std::size_t next_unit = 0;
    while (!text.empty()) {
        if (!after_t && take(text, 'T')) {
            after_t = true;
            if (text.empty()) return std::nullopt;
        }
        std::size_t digits = 0;
        while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
        if (digits == 0 || digits > 9) return std::nullopt;
        const auto value = take_number(text, digits);
        Milliseconds fraction{0};
        const bool has_fraction = take(text, '.');
        if (has_fraction) {
            const auto read = take_fraction(text);
            if (!read) return std::nullopt;
            fraction = *read;
        }
        while (next_unit < units.size() && (text.empty() || units[next_unit].letter != text[0] ||
                                            units[next_unit].after_t != after_t)) {
            ++next_unit;
        }
        if (next_unit == units.size()) return std::nullopt;
        if (has_fraction && units[next_unit].letter != 'S') return std::nullopt;
        total += *value * units[next_unit].length + fraction;
        ++next_unit;
        text.remove_prefix(1);
    }
    return total;
}

}  // namespace

std::string to_iso8601_without_zone(WallTime time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{time - day};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}0000",
                       static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                       static_cast<unsigned>(date.day()), clock.hours().count(),
                       clock.minutes().count(), clock.seconds().count(),
                       clock.subseconds().count());
}

std::string to_iso8601(WallTime time) {
    return to_iso8601_without_zone(time) + 'Z';
}

Result<WallTime> parse_iso8601(std::string_view text) {
    std::string_view rest = text;
    const auto date = take_date(rest);
    if (date && (take(rest, 'T') || take(rest, 't') || take(rest, ' '))) {
        const auto time = take_time_of_day(rest);
        if (time) {
            const auto zone = take_zone(rest);
            if (zone && rest.empty()) return WallTime{*date} + *time - *zone;
        }
    }
    return fail(ErrorCode::argument_invalid,
                fmt::format("'{}' is not a time in the form 2026-11-23T14:05:06Z", text));
}

Result<Milliseconds> parse_iso8601_duration(std::string_view text) {
    if (const auto duration = take_duration(text)) return *duration;
    return fail(ErrorCode::argument_invalid,
                fmt::format("'{}' is not an ISO 8601 duration such as PT1H or P2D", text));
}

std::string to_iso8601_duration(Milliseconds duration) {
    std::string text = "P";
    auto rest = duration;
    for (const auto& unit : units) {
        const auto count = rest / unit.length;
        rest -= count * unit.length;
        const bool fraction = unit.letter == 'S' && rest.count() > 0;
        if (count == 0 && !fraction) continue;
        if (unit.after_t && text.find('T') == std::string::npos) text += 'T';
        text += fraction ? fmt::format("{}.{:03}", count, rest.count()) : fmt::format("{}", count);
        text += unit.letter;
    }
    return text == "P" ? "PT0S" : text;
}

}  // namespace restante
