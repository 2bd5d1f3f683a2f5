// The service SDK against a real hub in this process: TLS and both transports on free ports of
// loopback. What a hub is needed for stands here; the SDK's own rules have unit tests beside them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "restante/service/iothub_registry_manager.hpp"
#include "server/server.hpp"
#include "support/temporary_folder.hpp"

namespace restante {
namespace {

constexpr std::size_t queue_depth = 2;

class SilentSink final : public LogSink {
  public:
    void write(std::string_view) override {}
};

std::string read_file(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

/// One hub for all of a program's tests; each has devices of its own.
class ServiceSdk : public testing::TestWithParam<TransportType> {
  protected:
    struct Running {
        test::TemporaryFolder folder;
        SilentSink sink;
        SystemClock clock;
        server::Server server{config(folder), sink, clock};

        static server::Config config(const test::TemporaryFolder& folder) {
            server::Config config;
            config.data_dir = folder.path() / "data";
            config.mqtt_port = config.amqp_port = config.https_port = 0;
            config.rules.queue.depth_max = queue_depth;
            return config;
        }
    };
    static void SetUpTestSuite() { hub_ = std::make_unique<Running>(); }
    static void TearDownTestSuite() { hub_.reset(); }

    static ServiceOptions options() {
        ServiceOptions options;
        options.transport_type = GetParam();
        options.ca = read_file(hub_->server.trust_file());
        // Only the port of the transport under test leads to the hub.
        options.amqp_port =
            GetParam() == TransportType::Amqp ? hub_->server.ports().amqp : std::uint16_t{1};
        options.https_port = hub_->server.ports().https;
        return options;
    }

    static inline std::unique_ptr<Running> hub_;
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
    EXPECT_EQ(code_of([&] { manager.send_c2d_message("full", "hello"); }), 403004);
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

TEST_P(ServiceSdk, AMessageBeyondTheLimitIsRefusedAndTheNextIsTaken) {
    manager.create_device_with_sas("large", "", "", "enabled");
    EXPECT_EQ(code_of([&] { manager.send_c2d_message("large", std::string(70'000, 'x')); }),
              413001);
    manager.send_c2d_message("large", "hello");
    manager.delete_device("large");
}

INSTANTIATE_TEST_SUITE_P(OverEachTransport, ServiceSdk,
                         testing::Values(TransportType::Amqp, TransportType::AmqpOverWebsocket),
                         [](const auto& tested) {
                             return tested.param == TransportType::Amqp ? "Amqp"
                                                                        : "AmqpOverWebsocket";
                         });

}  // namespace
}  // namespace restante
