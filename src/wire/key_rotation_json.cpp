#include "wire/key_rotation_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <set>

#include "base/text.hpp"
#include "model/limits.hpp"
#include "wire/error_table.hpp"
#include "wire/identity_json.hpp"
#include "wire/json.hpp"

namespace restante::wire {
namespace {

namespace json = boost::json;
using model::WhichKeys;

struct KeyWord {
    std::string_view word;
    WhichKeys which;
};
constexpr std::array key_words{
    KeyWord{"primaryKey", WhichKeys::primary},
    KeyWord{"secondaryKey", WhichKeys::secondary},
    KeyWord{"both", WhichKeys::both},
};

Result<WhichKeys> read_which(Members& request) {
    const std::string word = request.text("policyKey").value_or("");
    for (const KeyWord& known : key_words) {
        if (iequals(known.word, word)) return known.which;
    }
    return fail(ErrorCode::invalid_policy_key,
                "policyKey must be primaryKey, secondaryKey or both");
}

struct Place {
    std::string device_id;
    std::string module_id;
};

Result<Place> read_place(const json::value& value) {
    std::optional<Error> error;
    Members members(value.if_object(), "devices.", error);
    Place place{.device_id = members.text("id").value_or(""),
                .module_id = members.text("moduleId").value_or("")};
    if (place.device_id.empty()) members.fail("each of devices must have an id");
    if (error) return std::unexpected(std::move(*error));
    return place;
}

Result<model::KeyPlace> checked(const Place& place) {
    auto device = model::DeviceId::parse(place.device_id);
    if (!device) return std::unexpected(device.error());
    model::KeyPlace good{.device = std::move(*device), .module = std::nullopt};
    if (place.module_id.empty()) return good;
    auto module = model::ModuleId::parse(place.module_id);
    if (!module) return std::unexpected(module.error());
    good.module = std::move(*module);
    return good;
}

Result<void> read_places(const json::array& devices, RotationRequest& request) {
    std::set<std::pair<std::string, std::string>> seen;
    for (const json::value& item : devices) {
        auto place = read_place(item);
        if (!place) return std::unexpected(place.error());
        if (!seen.emplace(place->device_id, place->module_id).second) {
            return fail(ErrorCode::device_defined_multiple_times,
                        fmt::format("DeviceDefinedMultipleTimes, device ID {}", place->device_id));
        }
        auto good = checked(*place);
        if (good) {
            request.rotation.places.push_back(std::move(*good));
        } else {
            request.failures.push_back({.device_id = std::move(place->device_id),
                                        .module_id = std::move(place->module_id),
                                        .error = good.error()});
        }
    }
    return {};
}

}  // namespace

Result<RotationRequest> rotation_from_json(std::string_view body) {
    const auto value = parse_json(body, bulk_json_bytes_max);
    if (!value) return std::unexpected(value.error());
    if (!value->is_object()) {
        return fail(ErrorCode::argument_invalid, "the body must be a JSON object");
    }
    std::optional<Error> error;
    Members members(value->if_object(), "", error);
    const auto which = read_which(members);
    const auto* const devices = members.array("devices");
    if (error) return std::unexpected(std::move(*error));
    if (!which) return std::unexpected(which.error());
    if (devices == nullptr || devices->empty()) {
        return fail(ErrorCode::argument_invalid, "devices must be an array of 1 to 100 entries");
    }
    if (devices->size() > model::limits::bulk_entries_max) {
        return fail(ErrorCode::too_many_devices,
                    fmt::format("a request has at most {} devices, this one has {}",
                                model::limits::bulk_entries_max, devices->size()));
    }
    RotationRequest request;
    request.rotation.which = *which;
    if (auto read = read_places(*devices, request); !read) return std::unexpected(read.error());
    return request;
}

std::string rotation_result_json(WhichKeys which, std::span<const RotatedKeys> rotated,
                                 std::span<const BulkFailure> failures) {
    json::array keys;
    for (const auto& place : rotated) {
        keys.push_back(json::object{{"id", place.device_id},
                                    {"moduleId", filled_or_null(place.module_id)},
                                    {"primaryKey", place.keys.primary},
                                    {"secondaryKey", place.keys.secondary}});
    }
    json::array errors;
    for (const auto& failure : failures) {
        errors.push_back(json::object{{"id", to_utf8(failure.device_id)},
                                      {"moduleId", filled_or_null(to_utf8(failure.module_id))},
                                      {"errorCode", error_row(failure.error.code).name},
                                      {"errorStatus", to_utf8(failure.error.message)}});
    }
    return json::serialize(
        json::object{{"policyKey", std::ranges::find(key_words, which, &KeyWord::which)->word},
                     {"rotatedKeys", std::move(keys)},
                     {"errors", std::move(errors)}});
}

}  // namespace restante::wire
