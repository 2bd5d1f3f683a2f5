#pragma once
// A whole hub in memory behind the gateways' door, for tests of sessions: a fixture with devices,
// tokens, messages and the log.

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <mutex>
#include <string>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "gateway/access/access.hpp"
#include "store/memory/memory_engine.hpp"
#include "support/manual_clock.hpp"
#include "support/session_harness.hpp"

namespace restante::test {

/// What was logged, for a test to look through.
class LogLines final : public LogSink {
  public:
    void write(std::string_view line) override {
        const std::lock_guard lock(mutex_);
        text_ += line;
    }
    std::string text() const {
        const std::lock_guard lock(mutex_);
        return text_;
    }
    /// The lines of one event, in order.
    std::vector<std::string> of(std::string_view event) const {
        std::vector<std::string> lines;
        const std::string all = text();
        for (const auto line : split(all, '\n')) {
            if (line.contains(fmt::format("event={} ", event))) lines.emplace_back(line);
        }
        return lines;
    }

  private:
    mutable std::mutex mutex_;
    std::string text_;
};

class TestHub : public testing::Test {
  protected:
    TestHub() { EXPECT_TRUE(hub.start()); }
    ~TestHub() override { hub.stop(); }

    static constexpr std::string_view hostname = "hub.example";

    /// Calls the hub and waits for its answer.
    template <class T, class Call>
    Result<T> answer_of(Call call) {
        auto promise = std::make_shared<std::promise<Result<T>>>();
        auto answered = promise->get_future();
        call(
            hub::Answer<T>([promise](Result<T> result) { promise->set_value(std::move(result)); }));
        if (answered.wait_for(SessionHarness::patience) != std::future_status::ready) {
            return fail(ErrorCode::timeout, "no answer came");
        }
        return answered.get();
    }

    model::DeviceIdentity create(std::string_view id,
                                 model::DeviceStatus status = model::DeviceStatus::enabled) {
        return put({.id = *model::DeviceId::parse(id), .status = status}, {});
    }
    model::DeviceIdentity put(model::DeviceDefinition definition, core::WriteCondition condition) {
        auto done = answer_of<model::DeviceDescription>([&](auto answer) {
            hub.registry().put_device(std::move(definition), condition, std::move(answer));
        });
        EXPECT_TRUE(done.has_value());
        return done->identity;
    }
    Result<model::DeviceDescription> find(std::string_view id) {
        return answer_of<model::DeviceDescription>([&](auto answer) {
            hub.registry().find_device(*model::DeviceId::parse(id), std::move(answer));
        });
    }
    std::size_t queued(std::string_view id) { return find(id)->cloud_to_device_message_count; }

    Result<model::SequenceNumber> send(std::string_view id, model::CloudToDeviceMessage message) {
        return answer_of<model::SequenceNumber>([&](auto answer) {
            hub.enqueue(*model::DeviceId::parse(id), std::move(message), std::move(answer));
        });
    }
    Result<model::SequenceNumber> send(std::string_view id, std::string_view body) {
        model::CloudToDeviceMessage message;
        message.body = to_bytes(body);
        return send(id, std::move(message));
    }

    WallTime in(Milliseconds time) const { return clock.now().wall + time; }

    /// A token by the device's own primary key.
    std::string device_token(const model::DeviceIdentity& device,
                             Milliseconds life = std::chrono::hours{1}) const {
        return auth::SharedAccessSignature::create(
            fmt::format("{}/devices/{}", hostname, device.id.value()),
            *from_base64(device.authentication.symmetric_key.primary), in(life));
    }
    /// A token by a policy's primary key, for the whole hub.
    std::string policy_token(std::string_view policy,
                             Milliseconds life = std::chrono::hours{1}) const {
        return auth::SharedAccessSignature::create(
            hostname, *from_base64(auth::find(policies, policy)->primary_key), in(life), policy);
    }

    /// Lets everything under way come to rest: the hub's work, its store's and the sessions'. For
    /// tests that something does not happen.
    void settle(std::initializer_list<SessionHarness*> sessions) {
        // The longest chain between two posts: the hub's commit, its reads, its answer.
        constexpr int quiet_rounds = 4;
        for (int quiet = 0; quiet < quiet_rounds; ++quiet) {
            static_cast<void>(find("nobody"));
            std::promise<void> read;
            engine.get(store::Table::devices, {}, [&](const auto&) { read.set_value(); });
            read.get_future().wait();
            for (auto* session : sessions) {
                if (session->run_posted() > 0) quiet = -1;
            }
        }
    }

    LogLines log;
    ManualClock clock;
    store::MemoryEngine engine;
    store::Store store{engine};
    const auth::SharedAccessPolicies policies = auth::make_default_policies();
    hub::Hub hub{store, clock, Logger(log, clock), core::HubRules()};
    gateway::Access access{hub,
                           {.policies = policies, .authorities = {}},
                           clock,
                           Logger(log, clock),
                           std::string(hostname)};
};

}  // namespace restante::test
