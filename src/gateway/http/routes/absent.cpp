#include "gateway/http/routes/absent.hpp"

namespace restante::gateway {

void refuse_file_upload(HttpExchange& exchange) {
    exchange.fail(Error(ErrorCode::default_storage_endpoint_not_configured,
                        "this hub has no storage for file uploads"));
}

void refuse_module(HttpExchange& exchange) {
    exchange.fail(Error(ErrorCode::module_not_found, "this hub has no module identities"));
}

}  // namespace restante::gateway
