#pragma once
// A device client and the hub it speaks with, for tests of the client's public face.

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "restante/device/iothub_device_client.hpp"
#include "support/fake_hub.hpp"

namespace restante::test {

inline const std::string device_key = "c2VjcmV0IGtleSBvZiBEZXZpY2UtMQ==";

/// What handlers put in and the test's thread waits for.
template <class T>
class Mailbox {
  public:
    void put(T value) {
        const std::lock_guard lock(mutex_);
        values_.push_back(std::move(value));
        changed_.notify_all();
    }
    bool wait_for(std::size_t count) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, HubRecord::patience,
                                 [&] { return values_.size() >= count; });
    }
    std::vector<T> values() {
        const std::lock_guard lock(mutex_);
        return values_;
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<T> values_;
};

class DeviceClientTest : public testing::Test {
  protected:
    ClientOptions options() {
        ClientOptions made;
        made.server_verification_cert = hub.ca_pem();
        made.port = hub.port();
        return made;
    }
    IoTHubDeviceClient make() { return make(options()); }
    static IoTHubDeviceClient make(const ClientOptions& with) {
        return IoTHubDeviceClient::create_from_symmetric_key(device_key, FakeHub::name, "Device-1",
                                                             with);
    }
    static mqtt::Publish message(std::string body, mqtt::PacketId id) {
        return {.topic = "devices/Device-1/messages/devicebound/%24.to=%2Fdevices%2FDevice-1",
                .payload = to_bytes(std::string_view(body)),
                .packet_id = id,
                .qos = mqtt::QoS::at_least_once};
    }
    auto collect(Mailbox<std::string>& into) {
        return [&into](const Message& received) { into.put(received.data); };
    }
    bool acknowledged(std::vector<mqtt::PacketId> ids) {
        return hub.heard([&](const HubRecord& heard) { return heard.acknowledged == ids; });
    }

    FakeHub hub;
    Mailbox<std::string> bodies;
    Mailbox<std::string> errors;
};

/// The text of the exception of type E that `act` throws.
template <class E, class Act>
std::string thrown(Act act) {
    try {
        act();
    } catch (const E& exception) {
        return exception.what();
    } catch (const std::exception& other) {
        return std::string("another exception: ") + other.what();
    }
    return "nothing was thrown";
}

}  // namespace restante::test
