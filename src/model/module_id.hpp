#pragma once
// The name of a module: as a device's, and unique on its device. One that begins with '$' is an
// edge device's own.

#include <compare>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"

namespace restante::model {

class ModuleId {
  public:
    /// Errors: as DeviceId::parse.
    static Result<ModuleId> parse(std::string_view text);

    const std::string& value() const { return value_; }
    bool is_system() const { return value_.starts_with('$'); }

    auto operator<=>(const ModuleId&) const = default;

  private:
    explicit ModuleId(std::string value) : value_(std::move(value)) {}

    std::string value_;
};

}  // namespace restante::model
