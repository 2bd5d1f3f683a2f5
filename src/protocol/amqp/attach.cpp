#include "protocol/amqp/attach.hpp"

#include <utility>

namespace restante::amqp {

Attach sender_attach(std::string name, std::string address) {
    Attach attach;
    attach.name = std::move(name);
    attach.role = Role::sender;
    attach.sender_settle_mode = SenderSettleMode::unsettled;
    attach.source.emplace();
    attach.target.emplace();
    attach.target->address = std::move(address);
    attach.initial_delivery_count = 0;
    return attach;
}

Attach receiver_attach(std::string name, std::string address) {
    Attach attach;
    attach.name = std::move(name);
    attach.role = Role::receiver;
    attach.source.emplace();
    attach.source->address = std::move(address);
    attach.target.emplace();
    return attach;
}

}  // namespace restante::amqp
