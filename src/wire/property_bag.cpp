#include "wire/property_bag.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/encoding.hpp"
#include "base/timestamp.hpp"
#include "wire/devicebound_address.hpp"
#include "wire/property_names.hpp"

namespace restante::wire {
namespace {

constexpr std::string_view system_prefix = "$.";

class BagWriter {
  public:
    void add(std::string_view name, std::string_view value) {
        if (!bag_.empty()) bag_ += '&';
        bag_ += percent_encode(name);
        bag_ += '=';
        bag_ += percent_encode(value);
    }
    void add(std::string_view name, const std::optional<std::string>& value) {
        if (value) add(name, std::string_view(*value));
    }
    std::string take() { return std::move(bag_); }

  private:
    std::string bag_;
};

/// Where the reader puts each name that is not an application property.
struct KnownName {
    std::string_view name;
    std::optional<std::string> DeviceProperties::* member;
};

constexpr std::array known_names{
    KnownName{"$.mid", &DeviceProperties::message_id},
    KnownName{"$.cid", &DeviceProperties::correlation_id},
    KnownName{"$.uid", &DeviceProperties::user_id},
    KnownName{"$.to", &DeviceProperties::to},
    KnownName{"$.ct", &DeviceProperties::content_type},
    KnownName{"$.ce", &DeviceProperties::content_encoding},
    KnownName{"$.exp", &DeviceProperties::expiry_time},
    KnownName{ack_property, &DeviceProperties::ack},
};

void store(DeviceProperties& properties, std::string name, std::string value) {
    for (const KnownName& known : known_names) {
        if (known.name == name) {
            properties.*known.member = std::move(value);
            return;
        }
    }
    auto& list = properties.properties;
    const auto same = std::ranges::find(list, name, &std::pair<std::string, std::string>::first);
    if (same != list.end()) {
        same->second = std::move(value);
    } else {
        list.emplace_back(std::move(name), std::move(value));
    }
}

}  // namespace

std::string to_property_bag(const model::DeviceId& device,
                            const model::CloudToDeviceMessage& message) {
    BagWriter bag;
    if (message.expiry_time) {
        bag.add("$.exp", std::string_view(to_iso8601(*message.expiry_time)));
    }
    bag.add("$.cid", message.correlation_id);
    bag.add("$.mid", message.message_id);
    bag.add("$.to", std::string_view(message.to ? *message.to : devicebound_to(device)));
    bag.add("$.uid", message.user_id);
    bag.add("$.ct", message.content_type);
    bag.add("$.ce", message.content_encoding);
    if (message.ack) bag.add(ack_property, ack_word(*message.ack));
    for (const auto& [name, value] : message.properties) {
        if (name.starts_with(system_prefix) || is_reserved_property(name)) continue;
        bag.add(name, std::string_view(value));
    }
    return bag.take();
}

std::string to_property_bag(const DeviceProperties& properties) {
    BagWriter bag;
    for (const KnownName& known : known_names) bag.add(known.name, properties.*known.member);
    for (const auto& [name, value] : properties.properties) {
        bag.add(name, std::string_view(value));
    }
    return bag.take();
}

Result<DeviceProperties> from_property_bag(std::string_view bag) {
    DeviceProperties properties;
    std::size_t pairs = 0;
    while (!bag.empty()) {
        const std::string_view pair = bag.substr(0, bag.find('&'));
        bag.remove_prefix(std::min(bag.size(), pair.size() + 1));
        if (pair.empty()) continue;
        if (++pairs > bag_pairs_max) {
            return fail(ErrorCode::malformed,
                        fmt::format("a property bag has at most {} properties", bag_pairs_max));
        }
        const std::size_t equals = pair.find('=');
        const std::string_view value =
            equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
        store(properties, percent_decode(pair.substr(0, equals)), percent_decode(value));
    }
    return properties;
}

}  // namespace restante::wire
