#include "gateway/http/http_routes.hpp"

#include <fmt/format.h>

#include <array>

#include "base/text.hpp"
#include "gateway/http/routes/absent.hpp"
#include "gateway/http/routes/bulk.hpp"
#include "gateway/http/routes/connection_events.hpp"
#include "gateway/http/routes/devicebound.hpp"
#include "gateway/http/routes/devices.hpp"
#include "gateway/http/routes/events.hpp"
#include "gateway/http/routes/feedback.hpp"
#include "gateway/http/routes/modules.hpp"
#include "gateway/http/routes/query.hpp"
#include "gateway/http/routes/websocket.hpp"

namespace restante::gateway {
namespace {

constexpr auto registry_read =
    counted_policy_with<auth::Rights::registry_read, core::Operation::registry>;
constexpr auto registry_write =
    counted_policy_with<auth::Rights::registry_write, core::Operation::registry>;
constexpr auto registry_bulk = policy_with<auth::Rights::registry_write>;  // counts its entries
constexpr auto ask = counted_policy_with<auth::Rights::service_connect, core::Operation::query>;
constexpr auto service_connect = policy_with<auth::Rights::service_connect>;

constexpr std::array table{
    HttpRoute{"GET", "/$iothub/websocket", anyone, open_websocket},
    HttpRoute{"GET", "/$servicebus/websocket", anyone, open_websocket},

    HttpRoute{"GET", "/devices", registry_read, list_devices},
    HttpRoute{"GET", "/devices/{}", registry_read, find_device},
    HttpRoute{"PUT", "/devices/{}", registry_write, put_device},
    HttpRoute{"DELETE", "/devices/{}", registry_write, delete_device},

    HttpRoute{"POST", "/devices", registry_bulk, write_devices},
    HttpRoute{"POST", "/devices/keys/regenerate", registry_bulk, regenerate_keys},
    HttpRoute{"POST", "/devices/query", ask, query_devices},
    HttpRoute{"GET", "/statistics/devices", registry_read, device_statistics},
    HttpRoute{"GET", "/statistics/service", registry_read, service_statistics},

    HttpRoute{"GET", "/restante/connectionEvents", registry_read, list_connection_events},

    HttpRoute{"GET", "/devices/{}/modules", registry_read, list_modules},
    HttpRoute{"GET", "/devices/{}/modules/{}", registry_read, find_module},
    HttpRoute{"PUT", "/devices/{}/modules/{}", registry_write, put_module},
    HttpRoute{"DELETE", "/devices/{}/modules/{}", registry_write, delete_module},

    // what devices do
    HttpRoute{"GET", "/devices/{}/messages/devicebound", identity_itself, receive_message},
    HttpRoute{"DELETE", "/devices/{}/messages/devicebound/{}", identity_itself, settle_message},
    HttpRoute{"POST", "/devices/{}/messages/devicebound/{}/abandon", identity_itself,
              abandon_message},
    HttpRoute{"POST", "/devices/{}/messages/events", identity_itself, discard_telemetry},
    HttpRoute{"POST", "/devices/{}/files", identity_itself, refuse_file_upload},
    HttpRoute{"POST", "/devices/{}/files/notifications", identity_itself, refuse_file_upload},
    HttpRoute{"POST", "/devices/{}/files/notifications/{}", identity_itself, refuse_file_upload},

    // what services do with messages
    HttpRoute{"POST", "/devices/{}/messages/devicebound", service_connect, send_message},
    HttpRoute{"DELETE", "/devices/{}/commands", service_connect, purge_messages},
    HttpRoute{"GET", "/messages/servicebound/feedback", service_connect, receive_feedback},
    HttpRoute{"DELETE", "/messages/servicebound/feedback/{}", service_connect, complete_feedback},
    HttpRoute{"POST", "/messages/servicebound/feedback/{}/abandon", service_connect,
              abandon_feedback},

    // what modules do, and what nobody does with them
    HttpRoute{"POST", "/devices/{}/modules/{}/messages/events", identity_itself, discard_telemetry},
    HttpRoute{"GET", "/devices/{}/modules/{}/messages/devicebound", identity_itself,
              receive_nothing},
    HttpRoute{"DELETE", "/devices/{}/modules/{}/messages/devicebound/{}", identity_itself,
              refuse_settlement},
    HttpRoute{"POST", "/devices/{}/modules/{}/messages/devicebound/{}/abandon", identity_itself,
              refuse_settlement},
    HttpRoute{"POST", "/devices/{}/modules/{}/files", identity_itself, refuse_file_upload},
    HttpRoute{"POST", "/devices/{}/modules/{}/messages/devicebound", service_connect,
              refuse_module_queue},
    HttpRoute{"DELETE", "/devices/{}/modules/{}/commands", service_connect, refuse_module_queue},
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
