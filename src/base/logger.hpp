#pragma once
// One event, one line, key=value:
//
//     2026-11-23T14:05:06.123Z level=info event=message_enqueued device=d1 seq=42
//
// Event names are constants at the call, ids are keys, sentences go under `reason`. Never a
// payload, a key or a token. Any thread may log.

#include <fmt/format.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace restante {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

/// One key=value of a log line. Values are quoted when they hold anything but plain characters.
struct LogField {
    std::string_view key;
    std::string value;

    LogField(std::string_view name, std::string_view text) : key(name), value(text) {}
    LogField(std::string_view name, const std::string& text) : key(name), value(text) {}
    LogField(std::string_view name, const char* text) : key(name), value(text) {}
    template <class Number>
        requires std::is_arithmetic_v<Number>
    LogField(std::string_view name, Number number) : key(name), value(fmt::to_string(number)) {}
};

/// Where lines go. Implementations accept calls from any thread.
class LogSink {
  public:
    virtual ~LogSink() = default;
    virtual void write(std::string_view line) = 0;
};

/// Lines to standard error, one write(2) each so that threads never mix them.
class StderrSink final : public LogSink {
  public:
    void write(std::string_view line) override;
};

/// Formats events for a sink. Cheap to copy; the sink and the clock outlive it.
class Logger {
  public:
    Logger(LogSink& sink, const Clock& clock, LogLevel level = LogLevel::info)
        : sink_(&sink), clock_(&clock), level_(level) {}

    bool enabled(LogLevel level) const { return level >= level_; }

    void debug(std::string_view event, std::initializer_list<LogField> fields = {}) const;
    void info(std::string_view event, std::initializer_list<LogField> fields = {}) const;
    void warning(std::string_view event, std::initializer_list<LogField> fields = {}) const;
    void error(std::string_view event, std::initializer_list<LogField> fields = {}) const;

  private:
    void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) const;

    LogSink* sink_;
    const Clock* clock_;
    LogLevel level_;
};

}  // namespace restante
