#pragma once
// Who wants to hear that the proof of a device or module no longer holds: connections on which it
// has proved itself without being attached for messages. Any number of them watch one identity;
// none replaces another. Nothing here is durable.
//
// IdentityWatches is owned by Registry and used on the hub's loop. Of IdentityWatch each connection
// holds one for each proof it was shown, which bounds them.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/error.hpp"
#include "model/device_id.hpp"
#include "model/module_id.hpp"

namespace restante::hub {

class Registry;

struct WatchRequest {
    model::DeviceId device;
    std::optional<model::ModuleId> module{};
    /// Of the identity that the proof was checked against.
    std::uint64_t identity_version;
    /// Called at most once, on the hub's loop, where it only posts: the identity was deleted,
    /// disabled or given other keys.
    std::function<void(const Error&)> ended;
};

/// Gives the watch up when it ends. A call that is under way then may still come.
class IdentityWatch {
  public:
    IdentityWatch() = default;
    IdentityWatch(IdentityWatch&& other) noexcept;
    IdentityWatch& operator=(IdentityWatch&& other) noexcept;
    ~IdentityWatch() { end(); }

  private:
    friend class Registry;
    IdentityWatch(Registry& registry, std::uint64_t id) : registry_(&registry), id_(id) {}
    void end();

    Registry* registry_ = nullptr;
    std::uint64_t id_ = 0;
};

class IdentityWatches {
  public:
    using Ended = std::function<void(const Error&)>;

    void add(std::uint64_t id, const model::DeviceId& device,
             const std::optional<model::ModuleId>& module, Ended ended);
    void remove(std::uint64_t id);

    /// Those of a device and its modules, removed.
    std::vector<Ended> take_all(const model::DeviceId& device);
    /// Those of the device alone, or of that module.
    std::vector<Ended> take_of(const model::DeviceId& device,
                               const std::optional<model::ModuleId>& module);

  private:
    /// A device comes before its modules.
    using Client = std::pair<model::DeviceId, std::optional<model::ModuleId>>;
    struct Watch {
        std::uint64_t id;
        Ended ended;
    };
    using ByClient = std::multimap<Client, Watch>;

    Ended take(ByClient::iterator entry);

    ByClient by_client_;
    std::unordered_map<std::uint64_t, ByClient::iterator> by_id_;
};

}  // namespace restante::hub
