#include "create_task.hpp"

#include "base/encoding.hpp"
#include "wire/device_json.hpp"

namespace restante::fleet {
namespace {

Bytes definition_of(const Member& member) {
    return to_bytes(wire::to_json(member.definition()));
}

std::optional<std::string> wrong_identity(const Member& member, BytesView body) {
    const auto device = wire::device_from_json(as_text(body));
    if (!device) return device.error().message;
    const auto& identity = device->description.identity;
    const bool right = identity.id == member.id() &&
                       identity.authentication.symmetric_key.primary == to_base64(member.key());
    return right ? std::nullopt : std::optional<std::string>("the hub answers another identity");
}

}  // namespace

CreateTask::CreateTask(HubClient& hub, const Options& options, Tally& tally)
    : count_(options.count),
      run_(hub, tally, "created",
           {.method = "PUT", .body = definition_of, .check = wrong_identity}) {}

}  // namespace restante::fleet
