#pragma once
// What the service SDK throws. Wrong arguments are std::invalid_argument.

#include <stdexcept>
#include <string>

namespace restante {

/// The hub refused an operation, or could not be reached, or did not answer in time.
///
/// what() says the cause and, where there is one, the next step. It never holds a key or a token.
class IoTHubError : public std::runtime_error {
  public:
    IoTHubError(int code, std::string name, bool retryable, const std::string& text)
        : std::runtime_error(text), code_(code), name_(std::move(name)), retryable_(retryable) {}

    /// The service's number for it, such as 404001; 0 when no hub answered.
    int code() const noexcept { return code_; }
    /// The service's name for it, such as "DeviceNotFound"; for failures on the way to a hub,
    /// "ConnectionFailed", "ConnectionDropped", "TlsFailed" or "Timeout".
    const std::string& name() const noexcept { return name_; }
    /// The same call may succeed later without any change.
    bool retryable() const noexcept { return retryable_; }

  private:
    int code_;
    std::string name_;
    bool retryable_;
};

}  // namespace restante
