// The device SDK connects and ends, again and again: nothing of it may stay. Memory is
// LeakSanitizer's affair, at the end of the program; descriptors and threads are counted here.
//
// RESTANTE_SOAK_CYCLES says how often; the figure in docs/compatibility.md is of 10,000.

#include <gtest/gtest.h>

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>

#include "restante/device/iothub_device_client.hpp"
#include "support/hub_clients.hpp"

namespace restante {
namespace {

constexpr std::size_t cycles_default = 100;
constexpr std::chrono::seconds patience{20};

/// 0, which the test refuses, for what is no number.
std::size_t cycles_wanted() {
    const char* variable = std::getenv("RESTANTE_SOAK_CYCLES");
    if (variable == nullptr) return cycles_default;
    const std::string_view text = variable;
    std::size_t cycles = 0;
    const auto [stop, error] = std::from_chars(text.begin(), text.end(), cycles);
    return error == std::errc{} && stop == text.end() ? cycles : 0;
}

struct Held {
    std::size_t descriptors;
    std::size_t threads;

    static Held now() { return {.descriptors = count("fd"), .threads = count("task")}; }
    bool operator==(const Held&) const = default;

  private:
    static std::size_t count(const char* what) {
        const std::filesystem::directory_iterator entries(std::string("/proc/self/") + what);
        return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
    }
};

std::ostream& operator<<(std::ostream& out, const Held& held) {
    return out << held.descriptors << " descriptors, " << held.threads << " threads";
}

/// So many clients, one after the other, by each way in turn, with a hub that comes and goes.
void connect_and_shut_down(std::size_t cycles) {
    test::RunningHub hub(1);
    auto manager = test::manager_of(hub);
    const auto key =
        manager.create_device_with_sas("d", "", "", "enabled").authentication.symmetric_key;
    for (std::size_t i = 0; i < cycles; ++i) {
        const auto& way = test::all_ways[i % std::size(test::all_ways)];
        auto client = IoTHubDeviceClient::create_from_symmetric_key(key.primary_key, "localhost",
                                                                    "d", way.options(hub));
        client.connect();
        ASSERT_TRUE(client.connected()) << way.name << ", cycle " << i;
        client.shutdown();
        ASSERT_FALSE(client.connected()) << way.name << ", cycle " << i;
    }
}

TEST(DeviceSoak, ConnectingAndShuttingDownLeavesNothing) {
    const auto cycles = cycles_wanted();
    ASSERT_GT(cycles, 0U) << "RESTANTE_SOAK_CYCLES is not a number of cycles";
    connect_and_shut_down(std::size(test::all_ways));  // what libraries keep for good, they have
    const Held before = Held::now();
    connect_and_shut_down(cycles);
    // A thread that was joined may be listed a moment longer.
    const SystemClock clock;
    const auto deadline = clock.now().steady + patience;
    while (Held::now() != before && clock.now().steady < deadline) {
        std::this_thread::yield();
    }
    const Held after = Held::now();
    std::cout << "soak: " << cycles << " cycles; before " << before << "; after " << after
              << std::endl;
    EXPECT_EQ(after, before);
}

}  // namespace
}  // namespace restante
