#include "failure.hpp"

#include <fmt/format.h>

#include "restante/device/exceptions.hpp"

namespace restante::device {
namespace {

template <class Exception>
std::exception_ptr make(const char* sentence, const std::string& cause) {
    return std::make_exception_ptr(
        Exception(cause.empty() ? sentence : std::string(sentence) + ": " + cause));
}

}  // namespace

bool retryable(FailureKind kind) {
    switch (kind) {
        case FailureKind::failed:
        case FailureKind::dropped:
        case FailureKind::tls:
        case FailureKind::refused:
        case FailureKind::timeout:
            return true;
        default:
            return false;
    }
}

Failure failure_of(const Error& reason, bool accepted) {
    if (accepted) return {FailureKind::dropped, reason.message};
    switch (reason.code) {
        case ErrorCode::tls_failed:
            return {FailureKind::tls, reason.message};
        case ErrorCode::timeout:
            return {FailureKind::timeout, reason.message};
        case ErrorCode::cancelled:
            return {FailureKind::cancelled, ""};
        default:
            return {FailureKind::failed, reason.message};
    }
}

Failure failure_of_hub(const Error& reason, bool accepted) {
    switch (reason.code) {
        case ErrorCode::unauthorized:
        case ErrorCode::device_not_found:
        case ErrorCode::not_found:
        case ErrorCode::device_disabled:
            return {FailureKind::credential,
                    fmt::format("{}; check that the device exists and is enabled, that its key, "
                                "token or certificate is right, and that this machine's clock is",
                                reason.message)};
        default:
            return failure_of(reason, accepted);
    }
}

std::exception_ptr to_exception(const Failure& failure) {
    const std::string& cause = failure.cause;
    switch (failure.kind) {
        case FailureKind::failed:
            return make<ConnectionFailedError>("Could not connect to IoTHub", cause);
        case FailureKind::dropped:
            return make<ConnectionDroppedError>("Lost connection to IoTHub", cause);
        case FailureKind::tls:
            return make<ClientError>("Error in the IoTHub client due to TLS exchanges", cause);
        case FailureKind::credential:
            return make<CredentialError>("Credentials invalid, could not connect", cause);
        case FailureKind::protocol:
        case FailureKind::refused:
            return make<ClientError>("Error in the IoTHub client", cause);
        case FailureKind::timeout:
            return make<OperationTimeout>("Could not complete operation before timeout", cause);
        case FailureKind::cancelled:
            return make<OperationCancelled>("Operation was cancelled before completion", cause);
        case FailureKind::not_connected:
            return make<NoConnectionError>("Client is not connected to IoTHub", cause);
        case FailureKind::misused:
            return std::make_exception_ptr(ClientError(cause));
        case FailureKind::shut_down:
            return make<ClientError>("Client has already been shut down", cause);
    }
    return make<ClientError>("Unexpected failure", cause);
}

}  // namespace restante::device
