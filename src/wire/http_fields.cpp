#include "wire/http_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "protocol/http/head.hpp"
#include "wire/json.hpp"

namespace restante::wire {
namespace {

bool is_printable(char c) {
    return c >= ' ' && c <= '~';
}

/// A reader strips white space at both ends.
bool fits_value(std::string_view value) {
    return std::ranges::all_of(value, is_printable) && !value.starts_with(' ') &&
           !value.ends_with(' ');
}

/// Names with an escape of their own are escaped again, or two different names could be written
/// alike. Values with one, such as addresses, travel as they are.
bool fits_name(std::string_view name) {
    return http::is_token(name) && percent_decode(name) == name;
}

template <class Keep>
std::string escape(std::string_view text, Keep keep) {
    std::string escaped;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (keep(i)) {
            escaped += text[i];
        } else {
            escaped += fmt::format("%{:02X}", static_cast<std::uint8_t>(text[i]));
        }
    }
    return escaped;
}

std::string escape_value(std::string_view value) {
    return escape(value, [value](std::size_t i) {
        const bool at_end = i == 0 || i + 1 == value.size();
        return is_printable(value[i]) && value[i] != '%' && !(at_end && value[i] == ' ');
    });
}

std::string escape_name(std::string_view name) {
    return escape(name, [name](std::size_t i) {
        return http::is_token(name.substr(i, 1)) && name[i] != '%';
    });
}

std::string latin1_to_utf8(std::string_view text) {
    std::string utf8;
    for (const char c : text) {
        const auto byte = static_cast<std::uint8_t>(c);
        if (byte < 0x80) {
            utf8 += c;
        } else {
            utf8 += static_cast<char>(0xC0 | byte >> 6);
            utf8 += static_cast<char>(0x80 | (byte & 0x3F));
        }
    }
    return utf8;
}

}  // namespace

void FieldWriter::add(std::string_view name, std::string_view value) {
    if (fits_value(value)) return headers_.add(std::string(name), std::string(value));
    add_escaped(std::string(name), value);
}
void FieldWriter::add(std::string_view name, const std::optional<std::string>& value) {
    if (value) add(name, std::string_view(*value));
}

/// Field names are equal whatever their case, names of properties are not: the later of two
/// that differ in nothing else is escaped letter by letter.
void FieldWriter::add_property(const std::pair<std::string, std::string>& property) {
    const auto& [name, value] = property;
    const bool fits = fits_name(name) && fits_value(value);
    std::string field = fits ? name : escape_name(name);
    const bool taken = !taken_.insert(to_lower(field)).second;
    if (taken) {
        field = escape(name, [](std::size_t) { return false; });
        taken_.insert(to_lower(field));
    }
    field.insert(0, property_prefix);
    if (fits && !taken) return headers_.add(std::move(field), value);
    add_escaped(std::move(field), value);
}

http::Headers FieldWriter::take() {
    if (!escaped_.empty()) headers_.add(std::string(percent_encoded_header), escaped_);
    return std::move(headers_);
}

void FieldWriter::add_escaped(std::string field, std::string_view value) {
    if (!escaped_.empty()) escaped_ += ", ";
    escaped_ += field;
    headers_.add(std::move(field), escape_value(value));
}

FieldReader::FieldReader(const http::Headers& headers) {
    for (const http::Header& header : headers) {
        if (!iequals(header.name, percent_encoded_header)) continue;
        for (std::string_view name : split(header.value, ',')) {
            if (name.starts_with(' ')) name.remove_prefix(1);
            escaped_.insert(to_lower(name));
        }
    }
}

Result<FieldReader::Field> FieldReader::read(const http::Header& header) const {
    const bool escaped = escaped_.contains(to_lower(header.name));
    Field field{.name = header.name,
                .value = escaped ? percent_decode(header.value) : header.value};
    if (!is_utf8(field.value)) {
        if (escaped) return refuse_property(header.name, "must be encoded UTF-8");
        field.value = latin1_to_utf8(field.value);
    }
    if (!istarts_with(header.name, property_prefix)) return field;
    field.is_property = true;
    field.name.erase(0, property_prefix.size());
    if (escaped) field.name = percent_decode(field.name);
    if (field.name.empty()) return refuse_property(property_prefix, "must have a name");
    if (!is_utf8(field.name)) return refuse_property(field.name, "must have a name in UTF-8");
    return field;
}

std::unexpected<Error> refuse_property(std::string_view name, std::string_view why) {
    // A name comes from a stranger: shown whole it could be a page of text.
    constexpr std::size_t shown_bytes_max = 64;
    return fail(ErrorCode::argument_invalid,
                fmt::format("the property '{}' {}", to_utf8(name.substr(0, shown_bytes_max)), why));
}

}  // namespace restante::wire
