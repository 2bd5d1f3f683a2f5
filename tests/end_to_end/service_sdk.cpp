// The service SDK against a real hub in this process: TLS and both transports on free ports of
// loopback. What a hub is needed for stands here; the SDK's own rules have unit tests beside them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <vector>

#include "restante/service/iothub_registry_manager.hpp"
#include "support/running_hub.hpp"
#include "support/test_proxy.hpp"

namespace restante {
namespace {

constexpr std::size_t queue_depth = 32;

/// How long a test waits for what should come; only a failing one does so in full.
constexpr std::chrono::seconds patience{20};

/// One hub for all of a program's tests; each has devices of its own.
class ServiceSdk : public testing::TestWithParam<TransportType> {
  protected:
    static void SetUpTestSuite() { hub_ = std::make_unique<test::RunningHub>(queue_depth); }
    static void TearDownTestSuite() { hub_.reset(); }

    static ServiceOptions options() {
        ServiceOptions options;
        options.transport_type = GetParam();
        options.ca = hub_->ca_pem();
        // Only the port of the transport under test leads to the hub.
        options.amqp_port =
            GetParam() == TransportType::Amqp ? hub_->server.ports().amqp : std::uint16_t{1};
        options.https_port = hub_->server.ports().https;
        return options;
    }

    static inline std::unique_ptr<test::RunningHub> hub_;
    IoTHubRegistryManager manager =
        IoTHubRegistryManager::from_connection_string(hub_->server.connection_string(), options());
};

/// The service's number for what a call throws; 0 when it throws nothing.
template <class Call>
int code_of(Call call) {
    try {
        call();
    } catch (const IoTHubError& error) {
        return error.code();
    }
    return 0;
}

TEST_P(ServiceSdk, ASendToAnUnknownDeviceSaysSo) {
    EXPECT_EQ(code_of([&] { manager.send_c2d_message("nobody", "hello"); }), 404001);
}

TEST_P(ServiceSdk, AFullQueueIsToldUntilItIsPurged) {
    manager.create_device_with_sas("full", "", "", "enabled");
    for (std::size_t i = 0; i < queue_depth; ++i) manager.send_c2d_message("full", "hello");
    try {
        manager.send_c2d_message("full", "hello");
        FAIL() << "sent";
    } catch (const RestanteError& error) {
        EXPECT_EQ(error.code(), 403004);
        EXPECT_THAT(error.hint(), testing::HasSubstr("purge its queue"));
    }
    const auto purged = manager.purge_c2d_message_queue("full");
    EXPECT_EQ(purged.total_messages_purged, queue_depth);
    EXPECT_EQ(purged.device_id, "full");
    EXPECT_EQ(purged.module_id, "");
    EXPECT_EQ(manager.get_device("full").cloud_to_device_message_count, 0u);
    manager.send_c2d_message("full", "hello");
    manager.delete_device("full");
}

TEST_P(ServiceSdk, APurgeOfAnUnknownDeviceSaysSo) {
    EXPECT_EQ(code_of([&] { manager.purge_c2d_message_queue("nobody"); }), 404001);
}

/// More records about a device than a batch holds, so that a hub makes one at once.
void make_feedback(IoTHubRegistryManager& manager, const std::string& device) {
    constexpr std::size_t records = 128;
    manager.create_device_with_sas(device, "", "", "enabled");
    for (std::size_t made = 0; made < records; made += queue_depth) {
        for (std::size_t i = 0; i < queue_depth; ++i) {
            manager.send_c2d_message(
                device, "hello",
                {{"messageId", device + std::to_string(made + i)}, {"iothub-ack", "full"}});
        }
        manager.purge_c2d_message_queue(device);
    }
}

/// The next batch that ends with a record for which `wanted` holds; those before are completed.
template <class Wanted>
FeedbackBatch receive_until(FeedbackReceiver& receiver, Wanted wanted) {
    while (const auto batch = receiver.receive(patience)) {
        if (wanted(batch->records.back())) return *batch;
        receiver.complete(*batch);
    }
    ADD_FAILURE() << "no such feedback";
    return {};
}
FeedbackBatch receive_about(FeedbackReceiver& receiver, const std::string& device) {
    return receive_until(receiver,
                         [&](const FeedbackRecord& record) { return record.device_id == device; });
}
FeedbackBatch receive_again(FeedbackReceiver& receiver, const FeedbackBatch& batch) {
    return receive_until(receiver, [&](const FeedbackRecord& record) {
        return record.original_message_id == batch.records.back().original_message_id;
    });
}

TEST_P(ServiceSdk, FeedbackIsReceivedAbandonedReceivedAgainAndCompleted) {
    make_feedback(manager, "told");
    auto receiver = manager.get_feedback_receiver();
    const auto first = receive_about(receiver, "told");
    ASSERT_FALSE(first.records.empty());
    const auto& record = first.records.back();
    EXPECT_THAT(record.original_message_id, testing::StartsWith("told"));
    EXPECT_EQ(record.device_generation_id, manager.get_device("told").generation_id);
    EXPECT_EQ(record.status_code, "Purged");
    EXPECT_EQ(record.description, "Purged");
    EXPECT_THAT(record.enqueued_time_utc, testing::EndsWith("Z"));
    EXPECT_THAT(first.enqueued_time, testing::EndsWith("Z"));
    EXPECT_EQ(first.user_id, "hub");

    receiver.abandon(first);
    EXPECT_EQ(code_of([&] { receiver.complete(first); }), 412002);
    const auto again = receive_again(receiver, first);
    EXPECT_NE(again.lock_token, first.lock_token);
    receiver.complete(again);
    EXPECT_EQ(code_of([&] { receiver.complete(again); }), 412002);
    manager.delete_device("told");
}

TEST_P(ServiceSdk, SeveralThreadsMaySendAndReceive) {
    manager.create_device_with_sas("shared", "", "", "enabled");
    constexpr std::size_t threads = 4;
    {
        std::vector<std::jthread> senders;
        for (std::size_t i = 0; i < threads; ++i) {
            senders.emplace_back([this] { manager.send_c2d_message("shared", "hello"); });
        }
    }
    EXPECT_EQ(manager.purge_c2d_message_queue("shared").total_messages_purged, threads);
    manager.delete_device("shared");

    auto receiver = manager.get_feedback_receiver();
    std::array<std::optional<FeedbackBatch>, 2> batches;  // make_feedback gives two at least
    {
        std::vector<std::jthread> receivers;
        for (auto& batch : batches) {
            receivers.emplace_back([&] {
                batch = receiver.receive(patience);
                if (batch) receiver.complete(*batch);
            });
        }
        make_feedback(manager, "several");
    }
    ASSERT_TRUE(batches[0] && batches[1]);
    EXPECT_NE(batches[0]->lock_token, batches[1]->lock_token);
    manager.delete_device("several");
}

TEST_P(ServiceSdk, AReceiverThatIsNotLetInSaysSoAtOnce) {
    const auto login = hub_->server.connection_string();
    const auto wrong = login.substr(0, login.find("SharedAccessKey=")) + "SharedAccessKey=d3Jvbmc=";
    auto receiver =
        IoTHubRegistryManager::from_connection_string(wrong, options()).get_feedback_receiver();
    EXPECT_EQ(code_of([&] { receiver.receive(std::chrono::hours(1)); }), 401002);
}

TEST_P(ServiceSdk, WhatAReceiverLeavesUnsettledGoesToTheNext) {
    make_feedback(manager, "left");
    FeedbackBatch left;
    {
        auto receiver = manager.get_feedback_receiver();
        left = receive_about(receiver, "left");
        ASSERT_FALSE(left.records.empty());
    }
    auto receiver = manager.get_feedback_receiver();
    receiver.complete(receive_again(receiver, left));
    manager.delete_device("left");
}

TEST_P(ServiceSdk, ALockIsItsReceiversAndAReceiverMayOutliveItsManager) {
    make_feedback(manager, "foreign");
    auto one = manager.get_feedback_receiver();
    auto other = manager.get_feedback_receiver();
    const auto batch = receive_about(one, "foreign");
    EXPECT_EQ(code_of([&] { other.complete(batch); }), 412002);
    manager.delete_device("foreign");
    {
        const auto gone = std::move(manager);
    }
    one.complete(batch);
}

TEST_P(ServiceSdk, AMessageBeyondTheLimitIsRefusedAndTheNextIsTaken) {
    manager.create_device_with_sas("large", "", "", "enabled");
    EXPECT_EQ(code_of([&] { manager.send_c2d_message("large", std::string(70'000, 'x')); }),
              413001);
    manager.send_c2d_message("large", "hello");
    manager.delete_device("large");
}

TEST_P(ServiceSdk, GoesThroughAProxy) {
    const test::TestProxy proxy({.http_login = "YW5uOnNlY3JldA==",
                                 .user_name = "ann",
                                 .password = "secret",
                                 .answer = "",
                                 .closes = false});
    manager.create_device_with_sas("behind", "", "", "enabled");
    auto with = options();
    for (const auto type : {ProxyType::HTTP, ProxyType::SOCKS5}) {
        with.proxy_options = {.proxy_type = type,
                              .proxy_address = "127.0.0.1",
                              .proxy_port = proxy.port,
                              .proxy_username = "ann",
                              .proxy_password = "secret"};
        auto through =
            IoTHubRegistryManager::from_connection_string(hub_->server.connection_string(), with);
        through.send_c2d_message("behind", "hello");
        EXPECT_GT(through.get_device("behind").cloud_to_device_message_count, 0u);
    }
    EXPECT_EQ(proxy.asked().size(), 4u);  // AMQP or its WebSocket, and HTTPS, by each
    with.proxy_options.proxy_username = "";
    with.proxy_options.proxy_password = "";
    try {
        IoTHubRegistryManager::from_connection_string(hub_->server.connection_string(), with)
            .send_c2d_message("behind", "hello");
        FAIL() << "sent";
    } catch (const IoTHubError& error) {
        EXPECT_EQ(error.name(), "ConnectionFailed");
        EXPECT_THAT(error.what(), testing::HasSubstr("set the proxy's user name and password"));
    }
    manager.delete_device("behind");
}

INSTANTIATE_TEST_SUITE_P(OverEachTransport, ServiceSdk,
                         testing::Values(TransportType::Amqp, TransportType::AmqpOverWebsocket),
                         [](const auto& tested) {
                             return tested.param == TransportType::Amqp ? "Amqp"
                                                                        : "AmqpOverWebsocket";
                         });

}  // namespace
}  // namespace restante
