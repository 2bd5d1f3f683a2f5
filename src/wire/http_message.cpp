#include "wire/http_message.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <set>
#include <utility>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "base/timestamp.hpp"
#include "protocol/http/head.hpp"
#include "wire/devicebound_address.hpp"
#include "wire/expiry_text.hpp"
#include "wire/json.hpp"
#include "wire/property_names.hpp"
#include "wire/topic.hpp"

namespace restante::wire {
namespace {

using Message = model::CloudToDeviceMessage;
using Property = std::pair<std::string, std::string>;

constexpr std::string_view property_prefix = "iothub-app-";
constexpr std::string_view expiry_header = "iothub-expiry";

struct SystemHeader {
    std::string_view name;
    std::optional<std::string> Message::* member;
};

/// As written. `ContentType` without a dash is what clients read a message's content type from.
constexpr std::array system_headers{
    SystemHeader{"iothub-messageid", &Message::message_id},
    SystemHeader{"iothub-correlationid", &Message::correlation_id},
    SystemHeader{"iothub-to", &Message::to},
    SystemHeader{"iothub-userid", &Message::user_id},
    SystemHeader{"ContentType", &Message::content_type},
    SystemHeader{"ContentEncoding", &Message::content_encoding},
};

/// Read as well: the SDKs spell these so where they send.
constexpr std::array other_system_headers{
    SystemHeader{"iothub-contenttype", &Message::content_type},
    SystemHeader{"iothub-contentencoding", &Message::content_encoding},
};

// -- writing -------------------------------------------------------------------------------------

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

class FieldWriter {
  public:
    void add(std::string_view name, std::string_view value) {
        if (fits_value(value)) return headers_.add(std::string(name), std::string(value));
        add_escaped(std::string(name), value);
    }
    void add(std::string_view name, const std::optional<std::string>& value) {
        if (value) add(name, std::string_view(*value));
    }

    /// Field names are equal whatever their case, names of properties are not: the later of two
    /// that differ in nothing else is escaped letter by letter.
    void add_property(const Property& property) {
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

    http::Headers take() {
        if (!escaped_.empty()) headers_.add(std::string(percent_encoded_header), escaped_);
        return std::move(headers_);
    }

  private:
    void add_escaped(std::string field, std::string_view value) {
        if (!escaped_.empty()) escaped_ += ", ";
        escaped_ += field;
        headers_.add(std::move(field), escape_value(value));
    }

    http::Headers headers_;
    std::string escaped_;
    std::set<std::string> taken_;  ///< names of properties as written, in lower case
};

void write_system_properties(FieldWriter& fields, const Message& message) {
    for (const SystemHeader& header : system_headers) {
        fields.add(header.name, message.*header.member);
    }
    if (message.ack) fields.add(ack_property, ack_word(*message.ack));
    if (message.expiry_time) {
        fields.add(expiry_header, std::string_view(to_iso8601(*message.expiry_time)));
    }
}

// -- reading -------------------------------------------------------------------------------------

std::unexpected<Error> refuse(std::string_view name, std::string_view why) {
    // A name comes from a stranger: shown whole it could be a page of text.
    constexpr std::size_t shown_bytes_max = 64;
    return fail(ErrorCode::argument_invalid,
                fmt::format("the property '{}' {}", to_utf8(name.substr(0, shown_bytes_max)), why));
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

class FieldReader {
  public:
    explicit FieldReader(const http::Headers& headers) {
        for (const http::Header& header : headers) {
            if (!iequals(header.name, percent_encoded_header)) continue;
            for (std::string_view name : split(header.value, ',')) {
                if (name.starts_with(' ')) name.remove_prefix(1);
                escaped_.insert(to_lower(name));
            }
        }
    }

    Result<void> read(const http::Header& header, Message& message) const {
        const bool escaped = escaped_.contains(to_lower(header.name));
        std::string value = escaped ? percent_decode(header.value) : header.value;
        if (!is_utf8(value)) {
            if (escaped) return refuse(header.name, "must be encoded UTF-8");
            value = latin1_to_utf8(value);
        }
        if (istarts_with(header.name, property_prefix)) {
            const auto name = std::string_view(header.name).substr(property_prefix.size());
            return read_property(escaped ? percent_decode(name) : std::string(name),
                                 std::move(value), message);
        }
        return value.empty() ? Result<void>{} : read_system(header.name, value, message);
    }

  private:
    static Result<void> read_property(std::string name, std::string value, Message& message) {
        if (name.empty()) return refuse(property_prefix, "must have a name");
        if (!is_utf8(name)) return refuse(name, "must have a name in UTF-8");
        if (iequals(name, ack_property)) return read_ack(value, message);
        auto& properties = message.properties;
        if (std::ranges::find(properties, name, &Property::first) != properties.end()) {
            return refuse(name, "is given twice");
        }
        properties.emplace_back(std::move(name), std::move(value));
        return {};
    }

    static Result<void> read_ack(std::string_view value, Message& message) {
        if (message.ack) return refuse(ack_property, "is given twice");
        message.ack = parse_ack_word(value);
        if (message.ack) return {};
        return refuse(ack_property, "must be none, positive, negative or full");
    }

    static Result<void> read_expiry(std::string_view value, Message& message) {
        if (message.expiry_time) return refuse(expiry_header, "is given twice");
        const auto time = parse_expiry(value);
        if (!time) return std::unexpected(time.error());
        message.expiry_time = *time;
        return {};
    }

    static Result<void> read_system(std::string_view name, std::string& value, Message& message) {
        if (iequals(name, ack_property)) return read_ack(value, message);
        if (iequals(name, expiry_header)) return read_expiry(value, message);
        const auto named = [name](const SystemHeader& known) { return iequals(known.name, name); };
        const auto* known = std::ranges::find_if(system_headers, named);
        if (known == system_headers.end()) {
            known = std::ranges::find_if(other_system_headers, named);
            if (known == other_system_headers.end()) return {};
        }
        auto& property = message.*known->member;
        if (property) return refuse(name, "is given twice");
        property = std::move(value);
        return {};
    }

    std::set<std::string> escaped_;  ///< field names in lower case
};

}  // namespace

http::Headers to_http(const model::DeviceId& device, const model::LockedMessage& locked) {
    constexpr std::uint32_t count_max = std::numeric_limits<std::uint8_t>::max();
    const Message& message = *locked.message;
    FieldWriter fields;
    fields.add("ETag", std::string_view(lock_token_etag(locked.token)));
    fields.add("iothub-sequencenumber",
               std::string_view(fmt::to_string(locked.queued.sequence.value)));
    fields.add("iothub-enqueuedtime", std::string_view(to_iso8601(locked.queued.enqueued_at)));
    fields.add("iothub-deliverycount",
               std::string_view(fmt::to_string(std::min(locked.queued.delivery_count, count_max))));
    write_system_properties(fields, message);
    if (!message.to) fields.add("iothub-to", std::string_view(devicebound_to(device)));
    for (const Property& property : message.properties) {
        if (!is_reserved_property(property.first)) fields.add_property(property);
    }
    return fields.take();
}

http::Headers to_http(const model::CloudToDeviceMessage& message) {
    FieldWriter fields;
    write_system_properties(fields, message);
    for (const Property& property : message.properties) fields.add_property(property);
    return fields.take();
}

Result<model::CloudToDeviceMessage> from_http(const model::DeviceId& device,
                                              const http::Headers& headers, Bytes body) {
    const FieldReader reader(headers);
    Message message;
    for (const http::Header& header : headers) {
        if (auto read = reader.read(header, message); !read) return std::unexpected(read.error());
    }
    message.body = std::move(body);
    const auto topic = devicebound_topic(device, message);
    if (!topic) return std::unexpected(topic.error());
    return message;
}

std::string lock_token_etag(const model::LockToken& token) {
    return fmt::format("\"{}\"", token.to_uuid().to_string());
}

std::optional<model::LockToken> parse_lock_token(std::string_view text) {
    if (text.size() >= 2 && text.starts_with('"') && text.ends_with('"')) {
        text = text.substr(1, text.size() - 2);
    }
    const auto uuid = Uuid::parse(text);
    if (!uuid) return std::nullopt;
    return model::LockToken::from_uuid(*uuid);
}

}  // namespace restante::wire
