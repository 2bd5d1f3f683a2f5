#pragma once
// `fleet create`: registers every device under its own key.

#include "registry_run.hpp"
#include "task.hpp"

namespace restante::fleet {

class CreateTask final : public Task {
  public:
    CreateTask(HubClient& hub, const Options& options, Tally& tally);

    void start() override {
        run_.start(count_, [this] { finish(); });
    }

  private:
    std::size_t count_;
    RegistryRun run_;
};

}  // namespace restante::fleet
