#include "gateway/http/routes/settlement.hpp"

#include "wire/http_message.hpp"

namespace restante::gateway {

Result<model::LockToken> read_lock_token(std::string_view segment) {
    if (const auto token = wire::parse_lock_token(segment)) return *token;
    return fail(ErrorCode::device_message_lock_lost, "this is no lock token of this hub");
}

hub::Answer<void> respond_settled(HttpExchange& exchange) {
    return exchange.on_answer<void>([&exchange](const Result<void>& done) {
        if (!done) return exchange.fail(done.error());
        exchange.respond(204);
    });
}

}  // namespace restante::gateway
