#pragma once
// What every exception of both SDKs knows of itself, beside its text.

#include <stdexcept>
#include <string>
#include <utility>

namespace restante {

/// An operation of an SDK failed. what() says the cause and never holds a key or a token.
class RestanteError : public std::runtime_error {
  public:
    RestanteError(const std::string& text, int code, bool retryable, std::string hint)
        : std::runtime_error(text), code_(code), retryable_(retryable), hint_(std::move(hint)) {}

    /// IoT Hub's number for it, such as 404001; 0 when no hub said one, as MQTT's never do.
    int code() const noexcept { return code_; }
    /// The same call may succeed later without any change.
    bool retryable() const noexcept { return retryable_; }
    /// What to do next: one sentence, never empty.
    const std::string& hint() const noexcept { return hint_; }

  private:
    int code_;
    bool retryable_;
    std::string hint_;
};

}  // namespace restante
