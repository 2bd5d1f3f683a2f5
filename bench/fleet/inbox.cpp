#include "inbox.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace restante::fleet {

Result<void> Inbox::take(BytesView body) {
    const std::size_t message = member_.message_of(body);
    const auto wrong = [&](std::string_view what) {
        return fail(ErrorCode::protocol_error, fmt::format("message {} {}; {} of {} were taken",
                                                           message, what, taken_, each_));
    };
    if (message == 0) return wrong("is none of this device's");
    if (message <= taken_) return wrong("came after its completion");
    if (message != taken_ + 1) return wrong("is out of order");
    if (message > each_) return wrong("was never sent");
    if (!std::ranges::equal(body, member_.body(message, bytes_))) return wrong("has another body");
    ++taken_;
    return {};
}

}  // namespace restante::fleet
