#include "model/queued_message.hpp"

namespace restante::model {

Uuid LockToken::to_uuid() const {
    Uuid uuid;
    for (std::size_t i = 0; i < 8; ++i) {
        uuid.bytes[i] = static_cast<std::uint8_t>(sequence.value >> (8 * (7 - i)));
        uuid.bytes[8 + i] = static_cast<std::uint8_t>(serial >> (8 * (7 - i)));
    }
    return uuid;
}

LockToken LockToken::from_uuid(const Uuid& uuid) {
    LockToken token;
    for (std::size_t i = 0; i < 8; ++i) {
        token.sequence.value = token.sequence.value << 8 | uuid.bytes[i];
        token.serial = token.serial << 8 | uuid.bytes[8 + i];
    }
    return token;
}

}  // namespace restante::model
