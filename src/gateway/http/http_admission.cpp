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

}  // namespace

bool admit_policy(HttpExchange& exchange, auth::Rights rights) {
    const auto token = exchange.request().headers.find("Authorization");
    if (!token) {
        exchange.refuse("", Error(ErrorCode::unauthorized, "the Authorization header is missing"));
        return false;
    }
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

}  // namespace restante::gateway
