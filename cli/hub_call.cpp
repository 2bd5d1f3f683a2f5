#include "cli/hub_call.hpp"

#include "cli/device_credentials.hpp"
#include "sdk/service/src/http_call.hpp"
#include "wire/error_table.hpp"

namespace restante::cli {

HubCall HubCall::as_service(Login::Hub hub) {
    return HubCall(std::make_unique<service::ServiceAccount>(hub.connection_string, hub.options));
}

HubCall HubCall::as_device(Login::Hub hub) {
    const auto device = device_credentials(hub.connection_string);
    return HubCall(std::make_unique<service::ServiceAccount>(device, hub.options));
}

http::Response HubCall::send(http::Request request) {
    auto response = service::call(*account_, std::move(request));
    if (response.status / 100 == 2) return response;
    const auto name = response.headers.find(wire::http_error_header).value_or("");
    service::throw_error(
        wire::http_error(static_cast<unsigned>(response.status), name, as_text(response.body)));
}

}  // namespace restante::cli
