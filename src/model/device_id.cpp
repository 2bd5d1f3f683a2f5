#include "model/device_id.hpp"

#include <fmt/format.h>

#include <cstdint>

#include "model/limits.hpp"
#include "model/module_id.hpp"

namespace restante::model {
namespace {

/// The wider of the two sets in use: the registry's pages omit ':' and ';', clients send both.
bool is_allowed(char c) {
    constexpr std::string_view punctuation = "-:.+%_#*?!(),=@;$'";
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           punctuation.find(c) != std::string_view::npos;
}

Result<void> check_id(std::string_view text, std::string_view kind) {
    if (text.empty()) {
        return fail(ErrorCode::argument_invalid, fmt::format("a {} id must not be empty", kind));
    }
    if (text.size() > limits::device_id_characters_max) {
        return fail(ErrorCode::argument_invalid,
                    fmt::format("a {} id has at most {} characters, this one has {}", kind,
                                limits::device_id_characters_max, text.size()));
    }
    for (const char c : text) {
        if (is_allowed(c)) continue;
        const bool printable = c > ' ' && c < 0x7F;
        const std::string shown = printable
                                      ? fmt::format("'{}'", c)
                                      : fmt::format("byte 0x{:02x}", static_cast<std::uint8_t>(c));
        return fail(ErrorCode::argument_invalid,
                    fmt::format("{} is not allowed in a {} id: use letters, digits and "
                                "- : . + % _ # * ? ! ( ) , = @ ; $ '",
                                shown, kind));
    }
    return {};
}

}  // namespace

Result<DeviceId> DeviceId::parse(std::string_view text) {
    if (auto checked = check_id(text, "device"); !checked) {
        return std::unexpected(checked.error());
    }
    return DeviceId(std::string(text));
}

Result<ModuleId> ModuleId::parse(std::string_view text) {
    if (auto checked = check_id(text, "module"); !checked) {
        return std::unexpected(checked.error());
    }
    return ModuleId(std::string(text));
}

}  // namespace restante::model
