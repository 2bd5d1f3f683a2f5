#include "failure.hpp"

#include <fmt/format.h>

#include "restante/device/exceptions.hpp"
#include "sdk/common/advice.hpp"
#include "wire/error_table.hpp"

namespace restante::device {
namespace {

/// What the hub said, or else the nearest of its errors; nullopt when the fault is the caller's.
std::optional<ErrorCode> code_of(const Failure& failure) {
    if (const auto said = wire::error_code_from_number(failure.number)) return said;
    switch (failure.kind) {
        case FailureKind::failed:
            return ErrorCode::connection_failed;
        case FailureKind::dropped:
            return ErrorCode::connection_dropped;
        case FailureKind::tls:
            return ErrorCode::tls_failed;
        case FailureKind::credential:
            return ErrorCode::unauthorized;
        case FailureKind::protocol:
            return ErrorCode::protocol_error;
        case FailureKind::refused:
            return ErrorCode::argument_invalid;
        case FailureKind::timeout:
            return ErrorCode::timeout;
        case FailureKind::cancelled:
            return ErrorCode::cancelled;
        case FailureKind::full:
            return ErrorCode::throttled;
        default:
            return std::nullopt;
    }
}

/// For what only the caller can put right.
std::string_view hint_of(FailureKind kind) {
    switch (kind) {
        case FailureKind::not_connected:
            return "call connect() first, or leave auto_connect on";
        case FailureKind::shut_down:
            return "create another client; this one has ended";
        default:
            return "use the client as the text says";
    }
}

template <class Exception>
std::exception_ptr make(const char* sentence, const Failure& failure) {
    const auto code = code_of(failure);
    const auto& cause = failure.cause;
    const std::string_view separator = cause.empty() || *sentence == 0 ? "" : ": ";
    return std::make_exception_ptr(
        Exception(fmt::format("{}{}{}", sentence, separator, cause),
                  static_cast<int>(failure.number), code && common::is_transient(*code),
                  std::string(code ? common::hint_of(*code) : hint_of(failure.kind))));
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

Failure failure_of_hub(const Error& reason, bool accepted, std::uint32_t number) {
    Failure failure = failure_of(reason, accepted);
    failure.number = number;
    switch (reason.code) {
        case ErrorCode::unauthorized:
        case ErrorCode::device_not_found:
        case ErrorCode::not_found:
        case ErrorCode::device_disabled:
            failure.kind = FailureKind::credential;
            failure.cause = fmt::format(
                "{}; check that the device exists and is enabled, that its key, token or "
                "certificate is right, and that this machine's clock is",
                reason.message);
            // A token's refusal has no number of its own.
            if (number == 0) failure.number = wire::error_row(reason.code).number;
            return failure;
        default:
            return failure;
    }
}

std::exception_ptr to_exception(const Failure& failure) {
    switch (failure.kind) {
        case FailureKind::failed:
            return make<ConnectionFailedError>("Could not connect to IoTHub", failure);
        case FailureKind::dropped:
            return make<ConnectionDroppedError>("Lost connection to IoTHub", failure);
        case FailureKind::tls:
            return make<ClientError>("Error in the IoTHub client due to TLS exchanges", failure);
        case FailureKind::credential:
            return make<CredentialError>("Credentials invalid, could not connect", failure);
        case FailureKind::protocol:
        case FailureKind::refused:
        case FailureKind::full:
            return make<ClientError>("Error in the IoTHub client", failure);
        case FailureKind::timeout:
            return make<OperationTimeout>("Could not complete operation before timeout", failure);
        case FailureKind::cancelled:
            return make<OperationCancelled>("Operation was cancelled before completion", failure);
        case FailureKind::not_connected:
            return make<NoConnectionError>("Client is not connected to IoTHub", failure);
        case FailureKind::misused:
            return make<ClientError>("", failure);
        case FailureKind::shut_down:
            return make<ClientError>("Client has already been shut down", failure);
    }
    return make<ClientError>("Unexpected failure", failure);
}

}  // namespace restante::device
