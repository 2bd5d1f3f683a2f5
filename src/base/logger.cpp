#include "base/logger.hpp"

#include <unistd.h>

#include <algorithm>

#include "base/timestamp.hpp"

namespace restante {
namespace {

std::string_view name(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return "debug";
        case LogLevel::info:
            return "info";
        case LogLevel::warning:
            return "warning";
        case LogLevel::error:
            return "error";
    }
    return "error";
}

/// Of one field. A reason with a path or an audience in it fits many times; what a peer calls
/// itself may have 64 KB, and it may say so as often as it likes.
constexpr std::size_t value_bytes_max = 1024;
constexpr std::string_view cut_mark = "...";

/// The beginning of a value, no character of it in half.
std::string_view cut(std::string_view value) {
    if (value.size() <= value_bytes_max) return value;
    std::size_t size = value_bytes_max;
    while (size > 0 && (static_cast<std::uint8_t>(value[size]) & 0xC0) == 0x80) --size;
    return value.substr(0, size);
}

bool is_plain(char c) {
    return c > ' ' && c < 0x7F && c != '"' && c != '\\' && c != '=';
}

/// A peer chooses ids and reasons, so nothing it writes may end a line or forge a field.
void append_value(std::string& line, std::string_view whole) {
    const std::string_view value = cut(whole);
    const bool is_whole = value.size() == whole.size();
    if (is_whole && !value.empty() && std::all_of(value.begin(), value.end(), is_plain)) {
        line += value;
        return;
    }
    line += '"';
    for (const char c : value) {
        const auto byte = static_cast<std::uint8_t>(c);
        if (c == '"' || c == '\\') {
            line += '\\';
            line += c;
        } else if (byte < 0x20 || byte == 0x7F) {
            line += fmt::format("\\x{:02x}", byte);
        } else {
            line += c;
        }
    }
    if (!is_whole) line += cut_mark;
    line += '"';
}

}  // namespace

void StderrSink::write(std::string_view line) {
    // A log that cannot be written has nowhere to report it.
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

void Logger::debug(std::string_view event, std::initializer_list<LogField> fields) const {
    log(LogLevel::debug, event, fields);
}
void Logger::info(std::string_view event, std::initializer_list<LogField> fields) const {
    log(LogLevel::info, event, fields);
}
void Logger::warning(std::string_view event, std::initializer_list<LogField> fields) const {
    log(LogLevel::warning, event, fields);
}
void Logger::error(std::string_view event, std::initializer_list<LogField> fields) const {
    log(LogLevel::error, event, fields);
}

void Logger::log(LogLevel level, std::string_view event,
                 std::initializer_list<LogField> fields) const {
    if (!enabled(level)) return;
    const std::string time = to_iso8601(clock_->now().wall);
    std::string line = fmt::format("{}Z level={} event={}", std::string_view(time).substr(0, 23),
                                   name(level), event);
    for (const auto& field : fields) {
        line += ' ';
        line += field.key;
        line += '=';
        append_value(line, field.value);
    }
    line += '\n';
    sink_->write(line);
}

}  // namespace restante
