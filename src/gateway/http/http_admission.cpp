#include "gateway/http/http_admission.hpp"

#include <fmt/format.h>

namespace restante::gateway {
namespace {

/// What a token says of itself, for the log: its policy, or the path it was made for.
std::string claimed_name(std::string_view token) {
    const auto signature = auth::SharedAccessSignature::parse(token);
    if (!signature) return {};
    return signature->policy().value_or(fmt::format("{}", fmt::join(signature->path(), "/")));
}

std::string_view name(auth::Rights right) {
    switch (right) {
        case auth::Rights::registry_read:
            return "RegistryRead";
        case auth::Rights::registry_write:
            return "RegistryWrite";
        case auth::Rights::service_connect:
            return "ServiceConnect";
        case auth::Rights::device_connect:
            return "DeviceConnect";
        case auth::Rights::none:
            break;
    }
    return "none";
}

/// The request's token. Without one the request is answered.
std::optional<std::string_view> find_token(HttpExchange& exchange, std::string_view who) {
    const auto token = exchange.request().headers.find("Authorization");
    if (!token) {
        exchange.refuse(who, Error(ErrorCode::unauthorized, "the Authorization header is missing"));
    }
    return token;
}

bool is_refusal(const Error& error) {
    return error.code == ErrorCode::unauthorized || error.code == ErrorCode::device_not_found ||
           error.code == ErrorCode::device_disabled;
}

}  // namespace

bool admit_policy(HttpExchange& exchange, auth::Rights rights) {
    const auto token = find_token(exchange, "");
    if (!token) return false;
    const auto principal = exchange.access().authenticate_service(*token);
    if (!principal) {
        exchange.refuse(claimed_name(*token), principal.error());
        return false;
    }
    if (!auth::includes(principal->rights, rights)) {
        exchange.refuse(principal->policy,
                        Error(ErrorCode::unauthorized,
                              fmt::format("the policy lacks the right {}", name(rights))));
        return false;
    }
    return true;
}

void within_limits(HttpExchange& exchange, core::Operation operation, HttpHandler handler) {
    auto& hub = exchange.access().hub();
    if (!hub.throttles()) return handler(exchange);
    hub.admit(operation, 1,
              exchange.on_answer<void>([&exchange, handler](const Result<void>& admitted) {
                  admitted ? handler(exchange) : exchange.fail(admitted.error());
              }));
}

void device_itself(HttpExchange& exchange, HttpHandler handler) {
    const std::string& name = exchange.segment(1);
    auto device = model::DeviceId::parse(name);
    if (!device) return exchange.refuse(name, device.error());
    auto credential =
        read_credential(exchange.request().headers.find("Authorization"), exchange.peer());
    if (!credential) return exchange.refuse(name, credential.error());
    exchange.access().authenticate(
        {.device = *std::move(device)}, *std::move(credential),
        exchange.on_answer<DeviceProof>([&exchange, handler](const Result<DeviceProof>& proof) {
            if (proof) return handler(exchange);
            if (is_refusal(proof.error())) {
                return exchange.refuse(exchange.segment(1), proof.error());
            }
            exchange.fail(proof.error());
        }));
}

}  // namespace restante::gateway
