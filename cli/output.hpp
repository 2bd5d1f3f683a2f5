#pragma once
// How a verb shows what it found, the one place that renders it: as a table for people, as JSON,
// or as JSON lines, one object a line. The same objects stand behind all three.

#include <CLI/CLI.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace restante::cli {

enum class Format : std::uint8_t { table, json, jsonl };

/// A column of a table, a line of what is shown alone: its heading, and the member that it holds,
/// as in "authentication.type".
struct Column {
    std::string heading;
    std::string member;
};

class Output {
  public:
    /// What is printed when nobody says otherwise.
    explicit Output(Format standard);

    /// Adds --output to a verb; this outlives its app.
    void declare(CLI::App& verb);

    Format format() const;

    /// One thing: in a table's place, one line a column.
    void show(const boost::json::object& thing, std::span<const Column> columns) const;

  private:
    std::string word_;
};

/// Rows as they come, on the standard output. JSON leaves at once; a table's first rows wait for
/// each other, since their widths are those of its columns.
class Rows {
  public:
    /// Without columns a table has those of its first rows' members.
    explicit Rows(const Output& output, std::vector<Column> columns = {})
        : format_(output.format()), columns_(std::move(columns)) {}

    void add(boost::json::object row);
    /// After the last row. A run that fails before leaves an array open: it is no whole answer.
    void finish();

  private:
    static constexpr std::size_t measured_rows_max = 1000;

    void print_measured();
    void print_line(std::span<const std::string> cells);

    Format format_;
    std::vector<Column> columns_;
    std::vector<boost::json::object> measured_;
    std::vector<std::size_t> widths_;  // empty until measured
    std::size_t count_ = 0;
};

/// Fit for a terminal and for one line: control characters, which a device may have chosen, are
/// escaped as in C.
std::string printable(std::string_view text);

/// With line breaks and indentation.
std::string pretty(const boost::json::value& value);

/// The object, or the array of objects, in a text of our own making or the hub's. Throws
/// std::runtime_error.
boost::json::object parse_object(std::string_view text);
std::vector<boost::json::object> parse_objects(std::string_view text);

}  // namespace restante::cli
