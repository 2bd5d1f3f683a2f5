#include "gateway/http/routes/absent.hpp"

namespace restante::gateway {

void refuse_file_upload(HttpExchange& exchange) {
    exchange.fail(Error(ErrorCode::default_storage_endpoint_not_configured,
                        "this hub has no storage for file uploads"));
}

void receive_nothing(HttpExchange& exchange) {
    exchange.respond(204);
}

void refuse_settlement(HttpExchange& exchange) {
    exchange.fail(
        Error(ErrorCode::device_message_lock_lost, "a module receives nothing it could settle"));
}

void refuse_module_queue(HttpExchange& exchange) {
    exchange.fail(Error(ErrorCode::invalid_operation,
                        "cloud-to-device messages go to devices: a module has no queue"));
}

}  // namespace restante::gateway
