#include "gateway/http/http_admission.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace restante::gateway {
namespace {

/// Of the path: /devices/{id}/...
constexpr std::size_t device_segment = 1;

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

/// The request's token. Of two, a proxy on the way may have checked the other.
Result<std::optional<std::string_view>> find_token(const HttpExchange& exchange) {
    const auto& headers = exchange.request().headers;
    if (headers.count("Authorization") > 1) {
        return restante::fail(ErrorCode::unauthorized,
                              "the request has more than one Authorization header: send one");
    }
    return headers.find("Authorization");
}

Result<auth::ServicePrincipal> authenticate_service(const HttpExchange& exchange,
                                                    std::string_view token) {
    const auto signature = auth::SharedAccessSignature::parse(token);
    if (!signature) return std::unexpected(signature.error());
    return exchange.access().authenticate_service(*signature, exchange.target().segments);
}

bool is_refusal(const Error& error) {
    return error.code == ErrorCode::unauthorized || error.code == ErrorCode::device_not_found ||
           error.code == ErrorCode::module_not_found || error.code == ErrorCode::device_disabled;
}

}  // namespace

Result<Claim> claim_of(const HttpExchange& exchange) {
    const auto& segments = exchange.target().segments;
    auto device = model::DeviceId::parse(segments[device_segment]);
    if (!device) return std::unexpected(device.error());
    Claim claim{.device = *std::move(device)};
    if (iequals(segments[device_segment + 1], "modules")) {
        auto module = model::ModuleId::parse(segments[device_segment + 2]);
        if (!module) return std::unexpected(module.error());
        claim.module = *std::move(module);
    }
    return claim;
}

bool admit_policy(HttpExchange& exchange, auth::Rights rights) {
    const auto token = find_token(exchange);
    if (!token || !*token) {
        exchange.refuse(
            "", token ? Error(ErrorCode::unauthorized, "the Authorization header is missing")
                      : token.error());
        return false;
    }
    const auto principal = authenticate_service(exchange, **token);
    if (!principal) {
        exchange.refuse(claimed_name(**token), principal.error());
        return false;
    }
    exchange.proved();
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

void identity_itself(HttpExchange& exchange, HttpHandler handler) {
    auto claim = claim_of(exchange);
    if (!claim) return exchange.refuse(exchange.segment(device_segment), claim.error());
    const std::string who = claim->name();
    const auto token = find_token(exchange);
    auto credential = token ? read_credential(*token, exchange.peer())
                            : Result<Credential>(std::unexpected(token.error()));
    if (!credential) return exchange.refuse(who, credential.error());
    exchange.access().authenticate(*std::move(claim), *std::move(credential),
                                   exchange.on_answer<DeviceProof>(
                                       [&exchange, handler, who](const Result<DeviceProof>& proof) {
                                           if (proof) {
                                               exchange.proved();
                                               return handler(exchange);
                                           }
                                           if (is_refusal(proof.error()))
                                               return exchange.refuse(who, proof.error());
                                           exchange.fail(proof.error());
                                       }));
}

}  // namespace restante::gateway
