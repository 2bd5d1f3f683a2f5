#include "sdk/common/advice.hpp"

#include "wire/error_table.hpp"

namespace restante::common {

bool is_transient(ErrorCode code) {
    switch (code) {
        case ErrorCode::connection_failed:
        case ErrorCode::connection_dropped:
        case ErrorCode::cancelled:
        case ErrorCode::timeout:
            return true;
        case ErrorCode::tls_failed:
        case ErrorCode::malformed:
        case ErrorCode::protocol_error:
            return false;
        default: {
            const auto status = wire::error_row(code).http_status;
            return status >= 500 || status == 429;
        }
    }
}

std::string_view hint_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::unauthorized:
        case ErrorCode::system_module_modify_unauthorized:
        case ErrorCode::invalid_policy_key:
            return "check the key, token or certificate, what its policy allows, that the device "
                   "exists and is enabled, and this machine's clock";
        case ErrorCode::device_disabled:
            return "enable the device in the hub's registry";
        case ErrorCode::not_found:
        case ErrorCode::device_not_found:
        case ErrorCode::module_not_found:
            return "check the id, and that the hub's registry has it";
        case ErrorCode::device_already_exists:
        case ErrorCode::module_already_exists_on_device:
        case ErrorCode::device_defined_multiple_times:
            return "choose another id, or update the one that is there";
        case ErrorCode::connection_replaced:
            return "give each client an identity of its own; another one connected as this one";
        case ErrorCode::precondition_failed:
            return "read it again for its present etag, then repeat the change";
        case ErrorCode::device_message_lock_lost:
            return "receive the message again and settle it within its lock's time";
        case ErrorCode::device_maximum_queue_depth_exceeded:
            return "wait until the device has received some of its messages, or purge its queue";
        case ErrorCode::message_too_large:
            return "send less at once, or the content's address instead of the content";
        case ErrorCode::too_many_devices:
        case ErrorCode::too_many_modules_on_device:
            return "delete identities that nobody uses";
        case ErrorCode::throttled:
        case ErrorCode::quota_exceeded:
        case ErrorCode::cbs_token_maximum_exceeded:
            return "wait, then go on at a lower rate";
        case ErrorCode::service_unavailable:
        case ErrorCode::server_error:
            return "try again later; if it stays, the hub's log tells why";
        case ErrorCode::timeout:
            return "try again later; if it stays, check the network and the hub's load";
        case ErrorCode::connection_failed:
            return "check that the hub is running, its name and port, and the network or proxy "
                   "on the way to it";
        case ErrorCode::connection_dropped:
            return "connect again; if it stays, check the network and the hub's log";
        case ErrorCode::tls_failed:
            return "check that the hub's certificate is for the name you connect to and that you "
                   "trust its CA, which the hub keeps in its data folder as ca.pem";
        case ErrorCode::cancelled:
            return "begin again if the result is still wanted";
        case ErrorCode::malformed:
        case ErrorCode::protocol_error:
            return "check that the name and port are a hub's, and that both ends are up to date";
        default:
            return "correct what was asked for as the text says, then try again";
    }
}

}  // namespace restante::common
