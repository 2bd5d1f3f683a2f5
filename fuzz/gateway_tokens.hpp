#pragma once
// The credentials an attacker may show, from those that open everything to those that open nothing.
// They hold from the moment at which each World's clock begins.

#include <array>
#include <string>
#include <string_view>

#include "gateway_world.hpp"

namespace restante::fuzz {

/// What it is worth to the hub follows it.
struct Token {
    std::string text;
    bool reads_own = false;
    bool reads_all = false;
    bool sends = false;
    bool changes_registry = false;
    bool proves = false;
};

inline const std::array<Token, 10>& tokens() {
    static const std::array<Token, 10> made = [] {
        const WallTime start = test::ManualClock().now().wall;
        const auto sign = [&](std::string_view resource, std::string_view key, Milliseconds life,
                              std::string_view policy = {}) {
            return auth::SharedAccessSignature::create(
                std::string(hostname) + std::string(resource), *from_base64(key), start + life,
                policy);
        };
        const auto by_policy = [&](std::string_view name) {
            return sign("", auth::find(fixed_policies(), name)->primary_key, std::chrono::hours(1),
                        name);
        };
        constexpr auto hour = std::chrono::hours(1);
        return std::array<Token, 10>{{
            {.text = sign("/devices/own", own_key, hour), .reads_own = true, .proves = true},
            {.text = sign("/devices/own", own_key, std::chrono::minutes(1)),
             .reads_own = true,
             .proves = true},
            {.text = by_policy("device"), .reads_own = true, .reads_all = true, .proves = true},
            {.text = by_policy("service"), .sends = true, .proves = true},
            {.text = by_policy("iothubowner"),
             .reads_own = true,
             .reads_all = true,
             .sends = true,
             .changes_registry = true,
             .proves = true},
            {.text = sign("/devices/own/modules/m", own_key, hour), .proves = true},
            {.text = sign("/devices/own", own_key, -hour)},
            {.text = sign("/devices/own", other_key, hour)},
            {.text = sign("/devices/victim", own_key, hour)},
            {.text = "SharedAccessSignature sr=hub.example&sig=AAAA&se=99999999999&skn=service"},
        }};
    }();
    return made;
}

}  // namespace restante::fuzz
