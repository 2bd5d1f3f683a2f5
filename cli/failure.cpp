#include "cli/failure.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "restante/device/exceptions.hpp"
#include "restante/service/exceptions.hpp"
#include "server/config.hpp"

namespace restante::cli {
namespace {

struct Meaning {
    ExitCode code;
    std::string_view text;
};
constexpr std::array meanings{
    Meaning{ExitCode::done, "done"},
    Meaning{ExitCode::failed, "it could not be done; the text says why"},
    Meaning{ExitCode::usage, "the words behind `restante` are wrong"},
    Meaning{ExitCode::not_found, "what they name is not there, or no message waits"},
    Meaning{ExitCode::refused, "the hub does not accept the login, or it has no right to this"},
    Meaning{ExitCode::unreachable, "no hub answered; the same may work later"},
};

struct Advice {
    std::string_view name;  ///< of the error
    std::string_view next_step;
};
constexpr std::array advices{
    Advice{"DeviceNotFound", "`restante device list` names the devices"},
    Advice{"DeviceAlreadyExists", "`restante device update` changes it"},
    Advice{"PreconditionFailed", "it has changed meanwhile; show it again for its present etag"},
    Advice{"DeviceMessageLockLost", "its lock has ended; receive it again"},
    Advice{"DeviceMaximumQueueDepthExceeded", "`restante c2d purge` empties a queue"},
    Advice{
        "IotHubUnauthorizedAccess",
        "check the key of the login, the rights of its policy (`restante policy list`), and that "
        "the device is there and enabled"},
    Advice{"TlsFailed", "for a hub with a private CA, --ca takes its ca.pem"},
};

template <class... Kinds>
bool is_one_of(const std::exception& error) {
    return ((dynamic_cast<const Kinds*>(&error) != nullptr) || ...);
}

/// By the service's numbers, whose first three digits are an HTTP status.
ExitCode code_of(const IoTHubError& error) {
    constexpr int details = 1000;
    switch (error.code() / details) {
        case 401:
            return ExitCode::refused;
        case 404:
            return ExitCode::not_found;
        case 0:
            return error.name() == "ProtocolError" ? ExitCode::failed : ExitCode::unreachable;
        default:
            return ExitCode::failed;
    }
}

/// The command's own words where there are some; the SDK's hint where the text alone is short.
Failure failure_by_hub(const IoTHubError& error) {
    const ExitCode code = code_of(error);
    for (const auto& advice : advices) {
        if (advice.name == error.name()) {
            return {code, fmt::format("{}; {}", error.what(), advice.next_step)};
        }
    }
    if (code != ExitCode::refused && code != ExitCode::unreachable) return {code, error.what()};
    return {code, fmt::format("{}; {}", error.what(), error.hint())};
}

}  // namespace

std::string exit_code_help() {
    std::string text = "Exit codes:\n";
    for (const auto& [code, meaning] : meanings) {
        text += fmt::format("  {}  {}\n", static_cast<int>(code), meaning);
    }
    return text;
}

Failure failure_of(const std::exception& error) {
    const std::string text = error.what();
    if (const auto* by_hub = dynamic_cast<const IoTHubError*>(&error)) {
        return failure_by_hub(*by_hub);
    }
    if (is_one_of<server::UsageError>(error)) return {ExitCode::usage, text};
    if (is_one_of<NotFound>(error)) return {ExitCode::not_found, text};
    if (is_one_of<CredentialError>(error)) return {ExitCode::refused, text};
    if (is_one_of<ConnectionFailedError, ConnectionDroppedError, OperationTimeout>(error)) {
        return {ExitCode::unreachable, text};
    }
    return {ExitCode::failed, text};
}

}  // namespace restante::cli
