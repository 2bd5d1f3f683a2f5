#pragma once
// The modules of one device. One pointer, and nothing behind it for the many devices without any.

#include <algorithm>
#include <memory>
#include <span>
#include <vector>

#include "model/module_identity.hpp"

namespace restante::core {

class ModuleList {
  public:
    /// In the order of their ids.
    std::span<const model::ModuleIdentity> all() const {
        return modules_ ? std::span<const model::ModuleIdentity>(*modules_)
                        : std::span<const model::ModuleIdentity>();
    }

    const model::ModuleIdentity* find(const model::ModuleId& id) const {
        const auto present = std::ranges::lower_bound(all(), id, {}, &model::ModuleIdentity::id);
        return present != all().end() && present->id == id ? &*present : nullptr;
    }

    /// Adds it, or replaces the one of the same id.
    void put(model::ModuleIdentity module) {
        if (!modules_) modules_ = std::make_unique<std::vector<model::ModuleIdentity>>();
        const auto place =
            std::ranges::lower_bound(*modules_, module.id, {}, &model::ModuleIdentity::id);
        if (place != modules_->end() && place->id == module.id) {
            *place = std::move(module);
        } else {
            modules_->insert(place, std::move(module));
        }
    }

    void remove(const model::ModuleId& id) {
        if (!modules_) return;
        std::erase_if(*modules_, [&](const auto& module) { return module.id == id; });
        if (modules_->empty()) modules_.reset();
    }

  private:
    std::unique_ptr<std::vector<model::ModuleIdentity>> modules_;
};

}  // namespace restante::core
