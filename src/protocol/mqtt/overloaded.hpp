#pragma once
// One callable out of several, for std::visit.

namespace restante::mqtt {

template <class... F>
struct Overloaded : F... {
    using F::operator()...;
};

}  // namespace restante::mqtt
