#include "wire/property_names.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace restante::wire {
namespace {

struct AckWord {
    model::AckRequest ack;
    std::string_view word;
};

constexpr std::array ack_words{
    AckWord{model::AckRequest::none, "none"},
    AckWord{model::AckRequest::positive, "positive"},
    AckWord{model::AckRequest::negative, "negative"},
    AckWord{model::AckRequest::full, "full"},
};

/// The names the Java device client refuses, in its own case.
constexpr std::array<std::string_view, 24> reserved_names{
    "iothub-enqueuedtime",
    "iothub-messagelocktoken",
    "iothub-sequencenumber",
    "iothub-operation",
    "iothub-partition-key",
    "iothub-ack",
    "iothub-connection-auth-method",
    "iothub-connection-auth-generation-id",
    "iothub-messageid",
    "iothub-correlationid",
    "iothub-userid",
    "iothub-to",
    "iothub-content-type",
    "iothub-contenttype",
    "iothub-content-encoding",
    "iothub-contentencoding",
    "iothub-absolute-expiry-time",
    "IoThub-methodname",
    "connectionDeviceId",
    "connectionModuleId",
    "iothub-outputname",
    "iothub-inputname",
    "iothub-connection-device-id",
    "iothub-connection-module-id",
};

}  // namespace

std::string_view ack_word(model::AckRequest ack) {
    for (const AckWord& row : ack_words) {
        if (row.ack == ack) return row.word;
    }
    return "none";
}

std::optional<model::AckRequest> parse_ack_word(std::string_view word) {
    for (const AckWord& row : ack_words) {
        if (iequals(row.word, word)) return row.ack;
    }
    return std::nullopt;
}

bool is_reserved_property(std::string_view name) {
    return std::ranges::find(reserved_names, name) != reserved_names.end();
}

}  // namespace restante::wire
