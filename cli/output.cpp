#include "cli/output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "base/text.hpp"
#include "wire/device_json.hpp"
#include "wire/json.hpp"

namespace restante::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t indentation = 2;

const std::vector<std::string>& format_words() {
    static const std::vector<std::string> words{"table", "json", "jsonl"};
    return words;
}

const json::value* find(const json::object& row, std::string_view path) {
    const json::object* object = &row;
    while (true) {
        const std::size_t dot = path.find('.');
        const json::value* found = object->if_contains(path.substr(0, dot));
        if (found == nullptr || dot == std::string_view::npos) return found;
        object = found->if_object();
        if (object == nullptr) return nullptr;
        path.remove_prefix(dot + 1);
    }
}

std::string cell(const json::object& row, const Column& column) {
    // A query's row may have a member whose name has a dot.
    const json::value* value = row.if_contains(column.member);
    if (value == nullptr) value = find(row, column.member);
    if (value == nullptr || value->is_null()) return {};
    if (const auto* text = value->if_string()) return printable(*text);
    if (const auto* flag = value->if_bool()) return *flag ? "yes" : "no";
    return json::serialize(*value);
}

void append_pretty(std::string& text, const json::value& value, std::size_t depth) {
    const std::string break_inside = "\n" + std::string((depth + 1) * indentation, ' ');
    const std::string break_after = "\n" + std::string(depth * indentation, ' ');
    std::string_view separator;
    if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
        text += '{';
        for (const auto& [name, member] : *object) {
            text.append(separator).append(break_inside);
            text.append(json::serialize(json::string(name))).append(": ");
            append_pretty(text, member, depth + 1);
            separator = ",";
        }
        text.append(break_after) += '}';
    } else if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
        text += '[';
        for (const auto& member : *array) {
            text.append(separator).append(break_inside);
            append_pretty(text, member, depth + 1);
            separator = ",";
        }
        text.append(break_after) += ']';
    } else {
        text += json::serialize(value);
    }
}

json::value parse(std::string_view text) {
    auto value = wire::parse_json(text, wire::device_list_json_bytes_max);
    if (!value) throw std::runtime_error(value.error().message);
    return std::move(*value);
}

std::string spaces(std::string_view cell, std::size_t width) {
    const std::size_t used = utf8_characters(cell);
    return std::string(width > used ? width - used : 0, ' ');
}

}  // namespace

Output::Output(Format standard) : word_(format_words()[static_cast<std::size_t>(standard)]) {}

void Output::declare(CLI::App& verb) {
    verb.add_option("-o,--output", word_, "How to print it; jsonl: one JSON object a line")
        ->check(CLI::IsMember(format_words()))
        ->capture_default_str();
}

Format Output::format() const {
    const auto& words = format_words();
    return static_cast<Format>(std::find(words.begin(), words.end(), word_) - words.begin());
}

void Output::show(const json::object& thing, std::span<const Column> columns) const {
    if (format() == Format::json) {
        fmt::print("{}\n", pretty(thing));
    } else if (format() == Format::jsonl) {
        fmt::print("{}\n", json::serialize(thing));
    } else {
        std::size_t width = 0;
        for (const auto& each : columns) width = std::max(width, each.heading.size());
        for (const auto& each : columns) {
            const std::string value = cell(thing, each);
            if (value.empty()) continue;
            fmt::print("{:<{}}  {}\n", each.heading, width, value);
        }
    }
}

void Rows::add(json::object row) {
    ++count_;
    if (format_ == Format::jsonl) {
        fmt::print("{}\n", json::serialize(row));
    } else if (format_ == Format::json) {
        std::string text;
        append_pretty(text, row, 1);
        fmt::print("{}\n{:{}}{}", count_ == 1 ? "[" : ",", "", indentation, text);
    } else {
        measured_.push_back(std::move(row));
        if (!widths_.empty() || measured_.size() == measured_rows_max) print_measured();
    }
}

void Rows::finish() {
    if (format_ == Format::json) fmt::print("{}\n", count_ == 0 ? "[]" : "\n]");
    if (format_ == Format::table && (widths_.empty() || !measured_.empty())) print_measured();
}

void Rows::print_measured() {
    const bool first = widths_.empty();
    if (columns_.empty()) {
        for (const auto& row : measured_) {
            for (const auto& member : row) {
                const std::string name(member.key());
                if (std::ranges::find(columns_, name, &Column::member) == columns_.end()) {
                    columns_.push_back({.heading = name, .member = name});
                }
            }
        }
    }
    if (columns_.empty()) return;
    std::vector<std::vector<std::string>> lines;
    if (first) {
        auto& headings = lines.emplace_back();
        for (const auto& column : columns_) headings.push_back(printable(column.heading));
    }
    for (const auto& row : measured_) {
        auto& cells = lines.emplace_back();
        for (const auto& column : columns_) cells.push_back(cell(row, column));
    }
    measured_.clear();
    widths_.resize(columns_.size());
    for (const auto& cells : lines) {
        for (std::size_t i = 0; first && i < cells.size(); ++i) {
            widths_[i] = std::max(widths_[i], utf8_characters(cells[i]));
        }
    }
    for (const auto& cells : lines) print_line(cells);
}

void Rows::print_line(std::span<const std::string> cells) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        line += cells[i];
        if (i + 1 < cells.size()) line.append(spaces(cells[i], widths_[i])).append("  ");
    }
    fmt::print("{}\n", line);
}

std::string printable(std::string_view text) {
    std::string safe;
    const std::string utf8 = wire::to_utf8(text);
    for (std::size_t i = 0; i < utf8.size(); ++i) {
        const auto byte = static_cast<unsigned char>(utf8[i]);
        const auto next = static_cast<unsigned char>(i + 1 < utf8.size() ? utf8[i + 1] : 0);
        // U+0080 to U+009F are control characters too: the bytes C2 80 to C2 9F.
        const bool wide_control = byte == 0xC2 && next < 0xA0;
        if (byte == '\n') {
            safe += "\\n";
        } else if (byte == '\t') {
            safe += "\\t";
        } else if (byte < 0x20 || byte == 0x7F) {
            safe += fmt::format("\\x{:02x}", byte);
        } else if (wide_control) {
            safe += fmt::format("\\x{:02x}", next);
            ++i;
        } else {
            safe += utf8[i];
        }
    }
    return safe;
}

std::string pretty(const json::value& value) {
    std::string text;
    append_pretty(text, value, 0);
    return text;
}

json::object parse_object(std::string_view text) {
    auto value = parse(text);
    if (!value.is_object()) throw std::runtime_error("the hub's answer is no JSON object");
    return std::move(value.as_object());
}

std::vector<json::object> parse_objects(std::string_view text) {
    auto value = parse(text);
    std::vector<json::object> objects;
    if (!value.is_array()) throw std::runtime_error("the hub's answer is no JSON array");
    for (auto& each : value.as_array()) {
        if (!each.is_object()) throw std::runtime_error("the hub's answer holds what is no object");
        objects.push_back(std::move(each.as_object()));
    }
    return objects;
}

}  // namespace restante::cli
