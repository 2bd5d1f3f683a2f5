#pragma once
// What the service SDK throws. Wrong arguments are std::invalid_argument.

#include <string>
#include <utility>

#include "restante/common/exceptions.hpp"

namespace restante {

/// The hub refused an operation, or could not be reached, or did not answer in time.
///
/// what() says the cause and, where there is one, the next step. It never holds a key or a token.
class IoTHubError : public RestanteError {
  public:
    IoTHubError(const std::string& text, int code, std::string name, bool retryable,
                std::string hint)
        : RestanteError(text, code, retryable, std::move(hint)), name_(std::move(name)) {}

    /// The service's name for it, such as "DeviceNotFound"; for failures on the way to a hub,
    /// "ConnectionFailed", "ConnectionDropped", "TlsFailed" or "Timeout".
    const std::string& name() const noexcept { return name_; }

  private:
    std::string name_;
};

}  // namespace restante
