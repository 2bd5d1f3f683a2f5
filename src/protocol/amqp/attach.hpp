#pragma once
// The attaches of a client: a link to send on, settled by the receiver's word, and one to receive
// on.

#include <string>

#include "protocol/amqp/performative.hpp"

namespace restante::amqp {

Attach sender_attach(std::string name, std::string address);
Attach receiver_attach(std::string name, std::string address);

}  // namespace restante::amqp
