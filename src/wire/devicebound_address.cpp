#include "wire/devicebound_address.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "base/encoding.hpp"
#include "base/text.hpp"

namespace restante::wire {
namespace {

/// Longest known path: devices, id, modules, id, and two words.
constexpr std::size_t segments_max = 6;

struct Path {
    std::array<std::string_view, segments_max> segments;
    std::size_t count = 0;

    std::span<const std::string_view> all() const { return {segments.data(), count}; }
};

/// The segments of an address; none when there are more than any known address has.
Path split_path(std::string_view address) {
    if (const std::size_t scheme = address.find("://"); scheme != std::string_view::npos) {
        const std::size_t path = address.find('/', scheme + 3);
        address = path == std::string_view::npos ? std::string_view{} : address.substr(path);
    }
    if (address.starts_with('/')) address.remove_prefix(1);
    if (address.ends_with('/')) address.remove_suffix(1);
    Path path;
    while (!address.empty()) {
        if (path.count == segments_max) return {};
        const std::string_view segment = address.substr(0, address.find('/'));
        path.segments[path.count++] = segment;
        address.remove_prefix(std::min(address.size(), segment.size() + 1));
    }
    return path;
}

bool is(std::span<const std::string_view> path, std::initializer_list<std::string_view> words) {
    if (path.size() != words.size()) return false;
    auto segment = path.begin();
    for (const std::string_view word : words) {
        if (!iequals(*segment++, word)) return false;
    }
    return true;
}

Result<DeviceTarget> read_target(std::string_view raw_id, std::optional<std::string_view> module) {
    auto decoded = model::DeviceId::parse(percent_decode(raw_id));
    auto raw = model::DeviceId::parse(raw_id);
    if (!decoded && !raw) return std::unexpected(decoded.error());
    DeviceTarget target{.id = decoded ? *decoded : *raw, .raw_id = {}, .module_id = {}};
    if (raw && *raw != target.id) target.raw_id = std::move(*raw);
    if (module) {
        const auto module_id = model::DeviceId::parse(percent_decode(*module));
        if (!module_id) return std::unexpected(module_id.error());
        target.module_id = module_id->value();
    }
    return target;
}

/// A device's part of a path, and the words after it.
struct DevicePath {
    Result<DeviceTarget> target;
    Path rest;
};

std::optional<DevicePath> read_device_path(const Path& path) {
    const auto segments = path.all();
    if (segments.size() < 2 || !iequals(segments[0], "devices")) return std::nullopt;
    std::optional<std::string_view> module;
    std::size_t used = 2;
    if (segments.size() >= 4 && iequals(segments[2], "modules")) {
        module = segments[3];
        used = 4;
    }
    DevicePath device{.target = read_target(segments[1], module), .rest = {}};
    for (const std::string_view segment : segments.subspan(used)) {
        device.rest.segments[device.rest.count++] = segment;
    }
    return device;
}

}  // namespace

LinkAddress parse_link_address(std::string_view address) {
    const Path path = split_path(address);
    if (is(path.all(), {"messages", "devicebound"})) return ServiceDevicebound{};
    if (is(path.all(), {"messages", "servicebound", "feedback"})) return ServiceboundFeedback{};
    if (is(path.all(), {"messages", "servicebound", "filenotifications"}) ||
        is(path.all(), {"messages", "servicebound", "fileuploadnotifications"})) {
        return ServiceboundFileNotifications{};
    }
    if (is(path.all(), {"$cbs"})) return Cbs{};
    auto device = read_device_path(path);
    if (!device || !device->target) return UnknownAddress{};
    const auto rest = device->rest.all();
    DeviceTarget& target = *device->target;
    if (is(rest, {"messages", "devicebound"})) return DeviceDevicebound{std::move(target)};
    if (is(rest, {"messages", "events"})) return DeviceEvents{std::move(target)};
    if (is(rest, {"methods", "devicebound"})) return DeviceMethods{std::move(target)};
    if (is(rest, {"twin"})) return DeviceTwin{std::move(target)};
    return UnknownAddress{};
}

Result<DeviceTarget> parse_to(std::string_view to) {
    auto device = read_device_path(split_path(to));
    if (!device || !is(device->rest.all(), {"messages", "devicebound"})) {
        return fail(ErrorCode::invalid_operation, std::string(to_is_missing));
    }
    return std::move(device->target);
}

std::string devicebound_to(const model::DeviceId& device) {
    return "/devices/" + device.value() + "/messages/devicebound";
}

}  // namespace restante::wire
