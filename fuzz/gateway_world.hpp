#pragma once
// What the fuzzers of whole gateway sessions attack: a hub on one thread, over a store in memory
// and a clock that the script moves. Four devices live on it: `own`, whose key the attacker has,
// with its module `m`, `victim`, whose key it has not, and `bystander`, who must be served
// afterwards.
//
// Made anew for each input.

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "auth/shared_access_signature.hpp"
#include "base/assert.hpp"
#include "base/encoding.hpp"
#include "gateway/access/access.hpp"
#include "store/memory/memory_engine.hpp"
#include "support/manual_clock.hpp"

namespace restante::fuzz {

inline constexpr std::string_view hostname = "hub.example";
/// What stands in the messages of the two devices, and nowhere else.
inline constexpr std::string_view own_secret = "own-secret-5d0c41e7";
inline constexpr std::string_view victim_secret = "victim-secret-9a7e22b8";

inline constexpr std::string_view own_key = "b3duIGRldmljZSdzIGtleSBvZiBmdXp6aW5nIQ==";
inline constexpr std::string_view other_key = "bm9ib2R5IHRoYXQgYXR0YWNrcyBoYXMgdGhpcyE=";

class SilentSink final : public LogSink {
  public:
    void write(std::string_view) override {}
};

inline auth::SharedAccessPolicies fixed_policies() {
    auto policies = auth::make_default_policies();
    for (auto& policy : policies) {
        policy.primary_key = to_base64(as_bytes(policy.name + ": the first key of fuzzing"));
        policy.secondary_key = to_base64(as_bytes(policy.name + ": the second key of fuzzing"));
    }
    return policies;
}

inline core::HubRules lasting_rules() {
    core::HubRules rules;
    rules.queue.ttl_default = model::limits::ttl_max;
    return rules;
}

class World {
  public:
    World() {
        RESTANTE_ASSERT(hub.start().has_value());
        for (const char* id : {"own", "victim", "bystander"}) create(id);
        const auto made = answer_of<model::ModuleDescription>([&](auto answer) {
            model::AuthenticationMechanism keys;
            keys.symmetric_key = {.primary = std::string(own_key), .secondary = ""};
            keys.symmetric_key.secondary = keys.symmetric_key.primary;
            hub.registry().put_module({.device = device("own"),
                                       .id = *model::ModuleId::parse("m"),
                                       .managed_by = std::nullopt,
                                       .authentication = keys},
                                      {}, std::move(answer));
        });
        RESTANTE_ASSERT(made.has_value());
        send("own", own_secret);
        send("victim", victim_secret);
    }

    static model::DeviceId device(std::string_view id) { return *model::DeviceId::parse(id); }

    /// Lets the hub do what waits; false when there was nothing.
    bool work() { return hub.run_pending() + disk.run_pending() > 0; }

    /// Calls the hub and returns its answer, which must come.
    template <class T, class Call>
    Result<T> answer_of(Call call) {
        auto answered = std::make_shared<std::optional<Result<T>>>();
        call(hub::Answer<T>([answered](Result<T> result) { *answered = std::move(result); }));
        while (!*answered && work()) {
        }
        RESTANTE_ASSERT(answered->has_value());
        return std::move(**answered);
    }

    void create(std::string_view id, model::DeviceStatus status = model::DeviceStatus::enabled) {
        model::DeviceDefinition definition{.id = device(id), .status = status};
        const std::string key(id == "own" ? own_key : other_key);
        definition.authentication.symmetric_key = {.primary = key, .secondary = key};
        static_cast<void>(answer_of<model::DeviceDescription>([&](auto answer) {
            hub.registry().put_device(std::move(definition), {}, std::move(answer));
        }));
    }
    void remove(std::string_view id) {
        static_cast<void>(answer_of<void>([&](auto answer) {
            hub.registry().delete_device(device(id), std::nullopt, std::move(answer));
        }));
    }
    bool send(std::string_view id, std::string_view body) {
        model::CloudToDeviceMessage message;
        message.body = to_bytes(body);
        message.ack = model::AckRequest::full;
        return answer_of<model::SequenceNumber>([&](auto answer) {
                   hub.enqueue(device(id), std::move(message), std::move(answer));
               })
            .has_value();
    }
    std::optional<std::size_t> queued(std::string_view id) {
        const auto found = answer_of<model::DeviceDescription>(
            [&](auto answer) { hub.registry().find_device(device(id), std::move(answer)); });
        if (!found) return std::nullopt;
        return found->cloud_to_device_message_count;
    }
    /// Whether a device gets what is sent to it.
    bool serves(std::string_view id) {
        static_cast<void>(
            answer_of<std::size_t>([&](auto answer) { hub.purge(device(id), std::move(answer)); }));
        constexpr std::string_view body = "still there";
        const bool sent = send(id, body);
        const auto got = answer_of<std::optional<model::LockedMessage>>(
            [&](auto answer) { hub.receive_one(device(id), std::nullopt, std::move(answer)); });
        if (!sent || !got || !*got || as_text((*got)->message->body) != body) return false;
        return answer_of<void>(
                   [&](auto answer) { hub.complete(device(id), (*got)->token, std::move(answer)); })
            .has_value();
    }

    SilentSink log;
    test::ManualClock clock;
    store::MemoryEngine disk{store::MemoryEngine::Completion::run_pending};
    store::Store store{disk};
    const auth::SharedAccessPolicies policies = fixed_policies();
    hub::Hub hub{store, clock, Logger(log, clock, LogLevel::debug), lasting_rules(),
                 hub::Drive::run_pending};
    gateway::Access access{hub,
                           {.policies = policies, .authorities = {}},
                           clock,
                           Logger(log, clock, LogLevel::debug),
                           std::string(hostname)};
};

}  // namespace restante::fuzz
