#include "peer.hpp"

#include <fmt/format.h>

#include "auth/shared_access_signature.hpp"
#include "base/encoding.hpp"

namespace restante::simulation {

std::string Surroundings::device_token(const Line& line) const {
    const auto path =
        line.module.empty() ? line.device : fmt::format("{}/modules/{}", line.device, line.module);
    return auth::SharedAccessSignature::create(fmt::format("{}/devices/{}", hostname, path),
                                               *from_base64(line.key),
                                               clock.now().wall + std::chrono::hours(1));
}

std::string Surroundings::policy_token() const {
    return auth::SharedAccessSignature::create(
        hostname, *from_base64(auth::find(policies, "iothubowner")->primary_key),
        clock.now().wall + std::chrono::hours(1), "iothubowner");
}

Ending Surroundings::choose() const {
    if (draining) return Ending::complete;
    const std::size_t draw = random.below(100);
    if (draw < 75) return Ending::complete;
    return draw < 90 ? Ending::abandon : Ending::reject;
}

}  // namespace restante::simulation
