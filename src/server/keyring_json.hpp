#pragma once
// policies.json and authorities.json, as docs/formats/keyring.md describes them: read strictly,
// because somebody may have edited them.

#include <string>
#include <string_view>
#include <vector>

#include "auth/keyring.hpp"
#include "base/result.hpp"

namespace restante::server {

std::string policies_to_json(const auth::SharedAccessPolicies& policies);
/// Errors: argument_invalid, saying which entry is wrong and how; never a key.
Result<auth::SharedAccessPolicies> policies_from_json(std::string_view text);

std::string authorities_to_json(const std::vector<auth::TrustedAuthority>& authorities);
/// Errors: argument_invalid, saying which entry is wrong and how.
Result<std::vector<auth::TrustedAuthority>> authorities_from_json(std::string_view text);

}  // namespace restante::server
