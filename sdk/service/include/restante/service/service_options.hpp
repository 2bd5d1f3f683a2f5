#pragma once
// How a service client reaches its hub.

#include <chrono>
#include <cstdint>
#include <string>

namespace restante {

struct ServiceOptions {
    /// PEM text of the authority to trust instead of the system's. Empty: the file named by the
    /// environment variable RESTANTE_CA_FILE, else the system's authorities.
    std::string ca;
    /// 0: RESTANTE_AMQP_PORT and RESTANTE_HTTPS_PORT from the environment, else 5671 and 443.
    std::uint16_t amqp_port = 0;
    std::uint16_t https_port = 0;
    /// How long one operation may take, connecting included.
    std::chrono::milliseconds timeout = std::chrono::seconds(60);
};

}  // namespace restante
