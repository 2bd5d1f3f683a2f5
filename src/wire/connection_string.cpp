#include "wire/connection_string.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <charconv>
#include <vector>

#include "base/encoding.hpp"
#include "base/text.hpp"

namespace restante::wire {
namespace {

using Value = std::optional<std::string>;

struct Key {
    std::string_view name;
    Value ConnectionString::* member;
};

/// In the order in which a connection string is written. HostName and x509 are no optional text
/// and stand at either end.
constexpr std::array keys{
    Key{"DeviceId", &ConnectionString::device_id},
    Key{"ModuleId", &ConnectionString::module_id},
    Key{"SharedAccessKeyName", &ConnectionString::shared_access_key_name},
    Key{"SharedAccessKey", &ConnectionString::shared_access_key},
    Key{"SharedAccessSignature", &ConnectionString::shared_access_signature},
    Key{"GatewayHostName", &ConnectionString::gateway_host_name},
};
constexpr std::string_view host_name_key = "HostName";
constexpr std::string_view x509_key = "x509";

std::unexpected<Error> cannot_parse(std::string_view why) {
    return fail(ErrorCode::argument_invalid,
                fmt::format("Invalid Connection String - Unable to parse: {}", why));
}

std::unexpected<Error> incomplete(std::string_view why) {
    return fail(ErrorCode::argument_invalid,
                fmt::format("Invalid Connection String - Incomplete: {}", why));
}

std::unexpected<Error> unknown_key(std::string_view key) {
    std::vector<std::string> names{std::string(host_name_key), std::string(x509_key)};
    for (const Key& known : keys) names.emplace_back(known.name);
    const auto meant = nearest(key, names);
    // A value pasted in the wrong place may be a secret: only what looks like a name is shown.
    const bool word = key.size() <= 32 && std::ranges::all_of(key, [](char c) {
                          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
                      });
    return fail(ErrorCode::argument_invalid,
                fmt::format("Invalid Connection String - Invalid Key: {} is not known{}",
                            word ? fmt::format("'{}'", key) : std::string("a key"),
                            meant ? fmt::format(", did you mean {}?", *meant) : std::string()));
}

/// Which keys were seen: HostName, x509, then the table's.
using Seen = std::bitset<keys.size() + 2>;

Result<void> store(ConnectionString& read, Seen& seen, std::string_view key,
                   std::string_view value) {
    std::size_t place = 0;
    if (key == host_name_key) {
        read.host_name = value;
    } else if (key == x509_key) {
        place = 1;
        if (!iequals(value, "true") && !iequals(value, "false")) {
            return cannot_parse("x509 is either true or false");
        }
        read.x509 = iequals(value, "true");
    } else {
        const auto known = std::ranges::find(keys, key, &Key::name);
        if (known == keys.end()) return unknown_key(key);
        place = 2 + static_cast<std::size_t>(known - keys.begin());
        read.*known->member = value;
    }
    if (seen.test(place)) return cannot_parse(fmt::format("{} is given twice", key));
    seen.set(place);
    return {};
}

bool has(const Value& value) {
    return value && !value->empty();
}

}  // namespace

Result<ConnectionString> ConnectionString::parse(std::string_view text) {
    if (text.size() > connection_string_bytes_max) {
        return cannot_parse(fmt::format("it has more than {} bytes", connection_string_bytes_max));
    }
    ConnectionString read;
    Seen seen;
    for (const std::string_view pair : split(text, ';')) {
        const std::size_t equals = pair.find('=');
        if (pair.empty()) return cannot_parse("it is empty or has a ';' too many");
        if (equals == std::string_view::npos) return cannot_parse("a part has no '='");
        auto stored = store(read, seen, pair.substr(0, equals), pair.substr(equals + 1));
        if (!stored) return std::unexpected(stored.error());
    }
    if (read.x509 && (has(read.shared_access_key) || has(read.shared_access_signature))) {
        return fail(ErrorCode::argument_invalid,
                    "Invalid Connection String - Mixed authentication scheme: x509=true goes "
                    "without SharedAccessKey and SharedAccessSignature");
    }
    if (read.shared_access_key && !from_base64(*read.shared_access_key)) {
        return cannot_parse("the value of SharedAccessKey is not base64, copy it once more");
    }
    return read;
}

Result<void> ConnectionString::check_service() const {
    if (host_name.empty()) return incomplete("HostName is missing");
    if (!has(shared_access_key_name)) {
        return incomplete(has(device_id) ? "SharedAccessKeyName is missing: this is the connection "
                                           "string of a device, not of a service"
                                         : "SharedAccessKeyName is missing");
    }
    if (!has(shared_access_key) && !has(shared_access_signature)) {
        return incomplete("SharedAccessKey is missing");
    }
    return {};
}

Result<void> ConnectionString::check_device() const {
    if (host_name.empty()) return incomplete("HostName is missing");
    if (!has(device_id)) {
        return incomplete(has(shared_access_key_name)
                              ? "DeviceId is missing: this is the connection string of a service, "
                                "not of a device"
                              : "DeviceId is missing");
    }
    if (!has(shared_access_key) && !has(shared_access_signature) && !x509) {
        return incomplete("SharedAccessKey is missing");
    }
    return {};
}

std::string ConnectionString::to_string() const {
    std::string text = fmt::format("{}={}", host_name_key, host_name);
    for (const Key& key : keys) {
        const Value& value = this->*key.member;
        if (value) text += fmt::format(";{}={}", key.name, *value);
    }
    if (x509) text += fmt::format(";{}=true", x509_key);
    return text;
}

Result<HostPort> split_host(std::string_view host_name, std::uint16_t port) {
    const auto refuse = [&] {
        return fail(
            ErrorCode::argument_invalid,
            fmt::format("'{}' is not a host name, with or without ':' and a port", host_name));
    };
    std::string_view host = host_name;
    std::string_view after;
    if (host.starts_with('[')) {
        const std::size_t close = host.find(']');
        if (close == std::string_view::npos) return refuse();
        after = host.substr(close + 1);
        host = host.substr(1, close - 1);
    } else if (std::ranges::count(host, ':') == 1) {
        after = host.substr(host.find(':'));
        host.remove_suffix(after.size());
    }
    if (host.empty()) return refuse();
    if (!after.empty()) {
        const char* const end = after.data() + after.size();
        const auto [stop, error] = std::from_chars(after.data() + 1, end, port);
        if (after[0] != ':' || error != std::errc{} || stop != end || port == 0) return refuse();
    }
    return HostPort{.host = std::string(host), .port = port};
}

}  // namespace restante::wire
