#include "wire/bulk_json.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <unordered_set>

#include "base/text.hpp"
#include "model/limits.hpp"
#include "wire/error_table.hpp"
#include "wire/etag.hpp"
#include "wire/identity_json.hpp"
#include "wire/json.hpp"

namespace restante::wire {
namespace {

namespace json = boost::json;
using model::ImportMode;

struct ModeWord {
    std::string_view word;
    ImportMode mode;
};
constexpr std::array mode_words{
    ModeWord{"create", ImportMode::create},
    ModeWord{"createOrUpdate", ImportMode::create_or_update},
    ModeWord{"update", ImportMode::update},
    ModeWord{"updateIfMatchETag", ImportMode::update_if_match_etag},
    ModeWord{"delete", ImportMode::remove},
    ModeWord{"deleteIfMatchETag", ImportMode::remove_if_match_etag},
};

ImportMode read_mode(Members& entry) {
    const auto word = entry.filled_text("importMode");
    if (!word) return ImportMode::create;
    for (const ModeWord& known : mode_words) {
        if (iequals(known.word, *word)) return known.mode;
    }
    const bool of_twin = iequals(*word, "updateTwin") || iequals(*word, "updateTwinIfMatchETag");
    entry.fail(of_twin ? fmt::format("importMode {}: this hub keeps no twins", *word)
                       : "importMode must be create, createOrUpdate, update, updateIfMatchETag, "
                         "delete or deleteIfMatchETag");
    return ImportMode::create;
}

Result<model::RegistryWrite> read_write(Members& entry, const BulkEntry& said,
                                        const std::optional<Error>& error) {
    auto id = model::DeviceId::parse(said.device_id);
    if (!id) return std::unexpected(id.error());
    model::RegistryWrite write{.device = read_definition(entry, *id)};
    write.mode = read_mode(entry);
    write.managed_by = entry.filled_text("managedBy");
    if (!said.module_id.empty()) {
        auto module = model::ModuleId::parse(said.module_id);
        if (!module) return std::unexpected(module.error());
        write.module = std::move(*module);
    }
    // Node's SDK leaves an identity's own spelling.
    auto etag = entry.filled_text("eTag");
    if (!etag) etag = entry.filled_text("etag");
    if (error) return std::unexpected(*error);
    if (write.mode == ImportMode::update_if_match_etag ||
        write.mode == ImportMode::remove_if_match_etag) {
        if (!etag) return fail(ErrorCode::precondition_failed, "Etag missing");
        const auto wanted = parse_if_match(*etag);
        // Versions count from 1: a tag that is none of ours matches nothing.
        if (!wanted.any) write.version = etag_version(wanted.etag).value_or(0);
    }
    return write;
}

Result<BulkEntry> read_entry(const json::value& value) {
    const auto* const object = value.if_object();
    if (object == nullptr) {
        return fail(ErrorCode::argument_invalid, "each entry must be a JSON object");
    }
    std::optional<Error> error;
    Members members(object, "", error);
    BulkEntry entry{.device_id = members.text("id").value_or(""),
                    .module_id = members.text("moduleId").value_or(""),
                    .write = fail(ErrorCode::argument_invalid, "")};
    if (error) return std::unexpected(std::move(*error));
    if (entry.device_id.empty()) {
        return fail(ErrorCode::argument_invalid, "each entry must have an id");
    }
    entry.write = read_write(members, entry, error);
    return entry;
}

}  // namespace

Result<std::vector<BulkEntry>> bulk_from_json(std::string_view body) {
    const auto value = parse_json(body, bulk_json_bytes_max);
    if (!value) return std::unexpected(value.error());
    const auto* const array = value->if_array();
    if (array == nullptr || array->empty()) {
        return fail(ErrorCode::argument_invalid,
                    "the body must be a JSON array of 1 to 100 entries");
    }
    if (array->size() > model::limits::bulk_entries_max) {
        return fail(ErrorCode::too_many_devices,
                    fmt::format("a request has at most {} entries, this one has {}",
                                model::limits::bulk_entries_max, array->size()));
    }
    std::vector<BulkEntry> entries;
    std::unordered_set<std::string> ids;
    for (const json::value& item : *array) {
        auto entry = read_entry(item);
        if (!entry) return std::unexpected(entry.error());
        if (!ids.insert(entry->device_id).second) {
            return fail(ErrorCode::device_defined_multiple_times,
                        fmt::format("DeviceDefinedMultipleTimes, device ID {}", entry->device_id));
        }
        entries.push_back(std::move(*entry));
    }
    return entries;
}

std::string bulk_result_json(std::span<const BulkFailure> failures) {
    json::array errors;
    for (const auto& failure : failures) {
        errors.push_back(json::object{{"deviceId", to_utf8(failure.device_id)},
                                      {"moduleId", filled_or_null(to_utf8(failure.module_id))},
                                      {"errorCode", error_row(failure.error.code).name},
                                      {"errorStatus", to_utf8(failure.error.message)},
                                      {"operation", nullptr}});
    }
    return json::serialize(json::object{{"isSuccessful", failures.empty()},
                                        {"errors", std::move(errors)},
                                        {"warnings", json::array{}}});
}

Result<std::vector<BulkFailure>> bulk_result_from_json(std::string_view body) {
    const auto value = parse_json(body, bulk_json_bytes_max);
    if (!value) return fail(ErrorCode::malformed, value.error().message);
    std::optional<Error> error;
    Members members(value->if_object(), "", error);
    std::vector<BulkFailure> failures;
    const auto* const errors = members.array("errors");
    if (errors == nullptr && !members.flag("isSuccessful").value_or(false)) {
        members.fail("the hub's answer is no result of a bulk request");
    }
    for (std::size_t i = 0; errors != nullptr && i < errors->size(); ++i) {
        Members item((*errors)[i].if_object(), "errors.", error);
        const auto code = error_code_from_name(item.text("errorCode").value_or(""));
        failures.push_back({.device_id = item.text("deviceId").value_or(""),
                            .module_id = item.text("moduleId").value_or(""),
                            .error = Error(code.value_or(ErrorCode::argument_invalid),
                                           item.text("errorStatus").value_or(""))});
    }
    if (error) return fail(ErrorCode::malformed, std::move(error->message));
    return failures;
}

}  // namespace restante::wire
