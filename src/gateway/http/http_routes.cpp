#include "gateway/http/http_routes.hpp"

#include <fmt/format.h>

#include <array>

#include "base/text.hpp"
#include "gateway/http/routes/devices.hpp"
#include "gateway/http/routes/websocket.hpp"

namespace restante::gateway {
namespace {

constexpr auto registry_read = policy_with<auth::Rights::registry_read>;
constexpr auto registry_write = policy_with<auth::Rights::registry_write>;

constexpr std::array table{
    HttpRoute{"GET", "/$iothub/websocket", anyone, open_websocket},
    HttpRoute{"GET", "/$servicebus/websocket", anyone, open_websocket},

    HttpRoute{"GET", "/devices", registry_read, list_devices},
    HttpRoute{"GET", "/devices/{}", registry_read, find_device},
    HttpRoute{"PUT", "/devices/{}", registry_write, put_device},
    HttpRoute{"DELETE", "/devices/{}", registry_write, delete_device},
};

bool matches(std::string_view path, const std::vector<std::string>& segments) {
    const auto wanted = split(path.substr(1), '/');
    if (wanted.size() != segments.size()) return false;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i] == "{}" ? segments[i].empty() : !iequals(wanted[i], segments[i])) {
            return false;
        }
    }
    return true;
}

void answer_without_route(HttpExchange& exchange, const std::vector<std::string_view>& methods) {
    if (!admit_policy(exchange, auth::Rights::none)) return;
    if (methods.empty()) {
        return exchange.fail(Error(ErrorCode::not_found, "this hub has no such resource"));
    }
    exchange.fail(Error(ErrorCode::method_not_allowed, "this resource has no such method"),
                  {{"Allow", fmt::format("{}", fmt::join(methods, ", "))}});
}

}  // namespace

void route(HttpExchange& exchange) {
    std::vector<std::string_view> methods;
    for (const HttpRoute& route : table) {
        if (!matches(route.path, exchange.target().segments)) continue;
        if (route.method == exchange.request().method) return route.admit(exchange, route.handle);
        methods.push_back(route.method);
    }
    answer_without_route(exchange, methods);
}

}  // namespace restante::gateway
