// The device SDK against a real hub in this process, over every transport it has, its handlers on a
// thread of its own and in the application's loop.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>

#include "restante/device/iothub_device_client.hpp"
#include "restante/device/iothub_module_client.hpp"
#include "support/hub_clients.hpp"
#include "support/own_loop.hpp"
#include "support/test_proxy.hpp"

namespace restante {
namespace {

using testing::ElementsAre;
using testing::Pair;

constexpr std::size_t queue_depth = 50;

/// How long a test waits for what should come; only a failing one does so in full.
constexpr std::chrono::seconds patience{20};

/// How a client speaks with the hub and where its handlers run.
struct Use : test::Way {
    bool own_loop;
};

class DeviceSdk : public testing::TestWithParam<Use> {
  protected:
    static void SetUpTestSuite() { hub_ = std::make_unique<test::RunningHub>(queue_depth); }
    static void TearDownTestSuite() { hub_.reset(); }

    DeviceSdk() { device_ = manager().create_device_with_sas("d", "", "", "enabled"); }
    ~DeviceSdk() override { manager().delete_device("d"); }

    static IoTHubRegistryManager manager() { return test::manager_of(*hub_); }
    static ClientOptions options() {
        ClientOptions options = GetParam().options(*hub_);
        // By HTTPS the client learns something only when it asks.
        options.keep_alive = std::chrono::seconds(2);
        options.polling_interval = std::chrono::seconds(1);
        options.own_loop = GetParam().own_loop;
        return options;
    }
    IoTHubDeviceClient make(const ClientOptions& with = options()) const {
        return IoTHubDeviceClient::create_from_symmetric_key(
            device_.authentication.symmetric_key.primary_key, "localhost", "d", with);
    }

    /// The application's loop, in the cases that have one; ends before the client.
    static std::unique_ptr<test::OwnLoop> run_handlers(IoTHubClient& client) {
        return GetParam().own_loop ? std::make_unique<test::OwnLoop>(client) : nullptr;
    }

    static inline std::unique_ptr<test::RunningHub> hub_;
    Device device_;
};

TEST_P(DeviceSdk, ReceivesAMessageWithAllItsProperties) {
    auto service = manager();
    service.send_c2d_message("d", "body",
                             {{"messageId", "m1"},
                              {"correlationId", "c1"},
                              {"contentType", "text/plain"},
                              {"contentEncoding", "utf-8"},
                              {"iothub-ack", "full"},
                              {"prop1", "a & b"}});
    auto client = make();
    const auto message = client.receive_message(patience);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->data, "body");
    EXPECT_EQ(message->message_id, "m1");
    EXPECT_EQ(message->correlation_id, "c1");
    EXPECT_EQ(message->content_type, "text/plain");
    EXPECT_EQ(message->content_encoding, "utf-8");
    EXPECT_EQ(message->ack, "full");
    EXPECT_THAT(message->custom_properties, ElementsAre(Pair("prop1", "a & b")));
    client.shutdown();
    // By MQTT nothing answers PUBACK: it and the service's question race each other to the hub.
    for (int asked = 0; asked < 1'000 && service.get_device("d").cloud_to_device_message_count > 0;
         ++asked) {
    }
    EXPECT_EQ(service.get_device("d").cloud_to_device_message_count, 0U);
}

TEST_P(DeviceSdk, AHandlerThatThrowsGetsTheMessageAgain) {
    std::promise<void> thrown;
    std::promise<void> again;
    auto client = make();
    const auto loop = run_handlers(client);
    client.on_background_exception([&](const std::exception& problem) {
        if (std::string(problem.what()).starts_with("HANDLER")) thrown.set_value();
    });
    int calls = 0;
    client.on_message_received([&](const Message&) {
        if (++calls == 1) throw std::runtime_error("not now");
        again.set_value();
    });
    manager().send_c2d_message("d", "twice");
    ASSERT_EQ(thrown.get_future().wait_for(patience), std::future_status::ready);
    if (GetParam().transport == Transport::mqtt) {
        // MQTT has no word for it: the hub sends it again on another connection.
        client.disconnect();
        client.connect();
    }
    EXPECT_EQ(again.get_future().wait_for(patience), std::future_status::ready);
}

TEST_P(DeviceSdk, MessagesComeInOrderAndNoneIsHeldBack) {
    auto service = manager();
    for (const auto* body : {"1", "2", "3"}) service.send_c2d_message("d", body);
    auto first = make();
    const auto one = first.receive_message(patience);
    ASSERT_TRUE(one);
    EXPECT_EQ(one->data, "1");
    // What the client holds by now and did not hand out stays with the hub, unlocked.
    first.shutdown();
    auto second = make();
    for (const auto* body : {"2", "3"}) {
        const auto next = second.receive_message(patience);
        ASSERT_TRUE(next) << body;
        EXPECT_EQ(next->data, body);
    }
}

TEST_P(DeviceSdk, AHandlerSettlesAsItSaysWhereTheTransportHasTheWord) {
    std::vector<std::string> seen;
    std::promise<void> done;
    const auto handler = [&](const Message& message) {
        seen.push_back(message.data);
        if (seen.size() == 1) return Settlement::abandon;
        if (seen.size() == 3) done.set_value();
        return message.data == "bad" ? Settlement::reject : Settlement::complete;
    };
    auto client = make();
    const auto loop = run_handlers(client);
    if (GetParam().transport == Transport::mqtt) {
        EXPECT_THROW(client.on_message_to_settle(handler), ClientError);
        return;
    }
    auto service = manager();
    client.on_message_to_settle(handler);
    for (const auto* body : {"bad", "last"}) service.send_c2d_message("d", body);
    ASSERT_EQ(done.get_future().wait_for(patience), std::future_status::ready);
    client.shutdown();
    EXPECT_EQ(std::ranges::count(seen, "bad"), 2);
    EXPECT_EQ(service.get_device("d").cloud_to_device_message_count, 0U);
}

TEST_P(DeviceSdk, WithoutAHandlerMessagesStayWithTheHub) {
    std::promise<std::string> got;
    auto client = make();
    const auto loop = run_handlers(client);
    client.on_message_received([](const Message&) {});
    client.on_message_received(nullptr);
    manager().send_c2d_message("d", "later");
    client.send_message("still here");
    client.on_message_received([&](const Message& message) { got.set_value(message.data); });
    auto future = got.get_future();
    ASSERT_EQ(future.wait_for(patience), std::future_status::ready);
    EXPECT_EQ(future.get(), "later");
}

TEST_P(DeviceSdk, SendsTelemetry) {
    auto client = make();
    Message message;
    message.data = "21.5";
    message.message_id = "t1";
    message.custom_properties = {{"room", "hall"}};
    for (int i = 0; i < 50; ++i) client.send_message(message);
    EXPECT_TRUE(client.connected());
}

TEST_P(DeviceSdk, GoesThroughAProxy) {
    const test::TestProxy proxy({.http_login = "YW5uOnNlY3JldA==",
                                 .user_name = "ann",
                                 .password = "secret",
                                 .answer = "",
                                 .closes = false});
    auto with = options();
    for (const auto type : {ProxyType::HTTP, ProxyType::SOCKS5}) {
        with.proxy_options = {.proxy_type = type,
                              .proxy_address = "127.0.0.1",
                              .proxy_port = proxy.port,
                              .proxy_username = "ann",
                              .proxy_password = "secret"};
        auto client = make(with);
        client.send_message("21.5");
        manager().send_c2d_message("d", "through");
        EXPECT_EQ(client.receive_message(patience)->data, "through");
        client.shutdown();
        EXPECT_EQ(proxy.asked().back(), "localhost:" + std::to_string(with.port));
    }
    with.proxy_options.proxy_password = "wrong";
    try {
        make(with).connect();
        FAIL() << "connected";
    } catch (const ConnectionFailedError& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr("SOCKS5 proxy 127.0.0.1:"));
        EXPECT_THAT(error.what(), testing::HasSubstr("check the credentials"));
        EXPECT_THAT(error.hint(), testing::HasSubstr("proxy"));
    }
}

TEST_P(DeviceSdk, SpeaksWithTheCipherOfItsChoice) {
    auto with = options();
    with.cipher = "TLS_CHACHA20_POLY1305_SHA256";
    make(with).send_message("21.5");
}

TEST_P(DeviceSdk, AWrongKeyIsNamedAsThat) {
    auto client =
        IoTHubDeviceClient::create_from_symmetric_key("d3Jvbmc=", "localhost", "d", options());
    try {
        client.connect();
        FAIL() << "connected";
    } catch (const CredentialError& error) {
        // A CONNACK has no room for the hub's number.
        EXPECT_EQ(error.code(), GetParam().transport == Transport::mqtt ? 0 : 401002);
        EXPECT_FALSE(error.retryable());
        EXPECT_THAT(error.hint(), testing::HasSubstr("check the key"));
    }
    EXPECT_FALSE(client.connected());
}

TEST_P(DeviceSdk, ADisabledDeviceIsCutAndSaysSo) {
    auto client = make();
    const auto loop = run_handlers(client);
    std::promise<void> dropped;
    client.connect();
    client.on_connection_state_change([&] {
        if (!client.connected()) dropped.set_value();
    });
    const auto& keys = device_.authentication.symmetric_key;
    manager().update_device_with_sas("d", "", keys.primary_key, keys.secondary_key, "disabled");
    ASSERT_EQ(dropped.get_future().wait_for(patience), std::future_status::ready);
    EXPECT_THROW(client.connect(), CredentialError);
}

class ModuleSdk : public DeviceSdk {
  protected:
    ModuleSdk() { module_ = manager().create_module_with_sas("d", "m", "", "", ""); }

    std::string connection_string() const {
        return "HostName=localhost;DeviceId=d;ModuleId=m;SharedAccessKey=" +
               module_.authentication.symmetric_key.primary_key;
    }

    Module module_;
};

TEST_P(ModuleSdk, ConnectsByItsOwnKeyAndSends) {
    auto client = IoTHubModuleClient::create_from_connection_string(connection_string(), options());
    client.send_message("21.5");
    EXPECT_TRUE(client.connected());
    client.shutdown();
    EXPECT_FALSE(client.connected());
}

TEST_P(ModuleSdk, TheDevicesKeyIsNotTheModules) {
    auto client = IoTHubModuleClient::create_from_symmetric_key(
        device_.authentication.symmetric_key.primary_key, "localhost", "d", "m", options());
    EXPECT_THROW(client.connect(), CredentialError);
}

TEST_P(ModuleSdk, DoesNotTakeItsDevicesPlace) {
    auto device = make();
    device.connect();
    auto client = IoTHubModuleClient::create_from_connection_string(connection_string(), options());
    client.send_message("21.5");
    device.send_message("22.0");
    EXPECT_TRUE(client.connected());
    EXPECT_TRUE(device.connected());
}

std::vector<Use> uses(bool by_https) {
    std::vector<Use> uses;
    for (const auto& way : test::all_ways) {
        if (way.transport == Transport::https && !by_https) continue;
        for (const bool own_loop : {false, true}) uses.push_back({way, own_loop});
    }
    return uses;
}

std::string name_of(const testing::TestParamInfo<Use>& use) {
    return std::string(use.param.name) + (use.param.own_loop ? "_own_loop" : "");
}

INSTANTIATE_TEST_SUITE_P(Transports, ModuleSdk, testing::ValuesIn(uses(false)), name_of);
INSTANTIATE_TEST_SUITE_P(Transports, DeviceSdk, testing::ValuesIn(uses(true)), name_of);

}  // namespace
}  // namespace restante
