#pragma once
// From the public ProxyOptions to what net connects through.

#include <optional>

#include "net/proxy.hpp"
#include "restante/common/proxy_options.hpp"

namespace restante::common {

/// nullopt without an address. Throws std::invalid_argument naming what cannot be used.
std::optional<net::Proxy> to_proxy(const ProxyOptions& options);

}  // namespace restante::common
