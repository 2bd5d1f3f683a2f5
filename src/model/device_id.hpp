#pragma once
// The name of a device: 1 to 128 characters, case-sensitive, of the set the service allows.

#include <compare>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"

namespace restante::model {

class DeviceId {
  public:
    /// Errors: argument_invalid, naming the first character or the length that is not allowed.
    static Result<DeviceId> parse(std::string_view text);

    const std::string& value() const { return value_; }

    auto operator<=>(const DeviceId&) const = default;

  private:
    explicit DeviceId(std::string value) : value_(std::move(value)) {}

    std::string value_;
};

}  // namespace restante::model
