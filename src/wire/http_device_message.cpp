#include "wire/http_device_message.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "wire/http_fields.hpp"
#include "wire/property_names.hpp"

namespace restante::wire {
namespace {

struct SystemHeader {
    std::string_view telemetry;    ///< as a device writes it
    std::string_view devicebound;  ///< as it reads it
    std::optional<std::string> DeviceProperties::* member;
};

constexpr std::array system_headers{
    SystemHeader{"iothub-messageid", "iothub-messageid", &DeviceProperties::message_id},
    SystemHeader{"iothub-correlationid", "iothub-correlationid", &DeviceProperties::correlation_id},
    SystemHeader{"iothub-userid", "iothub-userid", &DeviceProperties::user_id},
    SystemHeader{"iothub-to", "iothub-to", &DeviceProperties::to},
    SystemHeader{"iothub-expiry", "iothub-expiry", &DeviceProperties::expiry_time},
    SystemHeader{"iothub-contenttype", "ContentType", &DeviceProperties::content_type},
    SystemHeader{"iothub-contentencoding", "ContentEncoding", &DeviceProperties::content_encoding},
    SystemHeader{ack_property, ack_property, &DeviceProperties::ack},
};

void set_property(DeviceProperties& properties, FieldReader::Field field) {
    const auto named = [&field](const auto& known) { return known.first == field.name; };
    const auto known = std::ranges::find_if(properties.properties, named);
    if (known != properties.properties.end()) {
        known->second = std::move(field.value);
    } else {
        properties.properties.emplace_back(std::move(field.name), std::move(field.value));
    }
}

void set_system(DeviceProperties& properties, FieldReader::Field field) {
    if (field.value.empty()) return;
    const auto named = [&field](const SystemHeader& known) {
        return iequals(known.devicebound, field.name);
    };
    const auto* const known = std::ranges::find_if(system_headers, named);
    if (known != system_headers.end()) properties.*known->member = std::move(field.value);
}

}  // namespace

http::Headers telemetry_to_http(const DeviceProperties& properties) {
    FieldWriter fields;
    for (const SystemHeader& header : system_headers) {
        fields.add(header.telemetry, properties.*header.member);
    }
    for (const auto& property : properties.properties) fields.add_property(property);
    return fields.take();
}

Result<DeviceProperties> devicebound_from_http(const http::Headers& headers) {
    const FieldReader reader(headers);
    DeviceProperties properties;
    for (const http::Header& header : headers) {
        auto field = reader.read(header);
        if (!field) return std::unexpected(field.error());
        if (field->is_property) {
            set_property(properties, *std::move(field));
        } else {
            set_system(properties, *std::move(field));
        }
    }
    return properties;
}

}  // namespace restante::wire
