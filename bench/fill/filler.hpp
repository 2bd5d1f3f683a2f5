#pragma once
// Fills a hub's store with members of the fleet and messages for them, without the network: the
// hub's own decisions, written by its own store. main() owns it.
//
//     members ──HubState──▶ changes of one batch ──Store::write──▶ synced, while the next is made

#include <future>
#include <optional>

#include "core/hub_state.hpp"
#include "store/store.hpp"

namespace restante::fill {

struct Plan {
    std::size_t identities = 0;
    std::size_t each = 0;   ///< messages for one of them
    std::size_t bytes = 0;  ///< of a message's body
};

class Filler {
  public:
    /// The engine outlives it.
    Filler(store::StoreEngine& engine, const Plan& plan);

    /// Blocks until all is on disk. Throws std::runtime_error: the store holds something already,
    /// a decision was refused, the disk failed.
    void run();

  private:
    void check_empty();
    void add(std::size_t number, core::ChangeSet& changes);
    void write(const core::ChangeSet& changes);
    void wait();

    store::StoreEngine& engine_;
    store::Store store_;
    Plan plan_;
    Now now_;
    core::HubState state_;
    std::optional<std::future<Result<void>>> writing_;
};

}  // namespace restante::fill
