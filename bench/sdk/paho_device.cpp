// The same device without an SDK, on paho-mqtt C++, for sdk_speed.py: what it must know of the hub,
// its topics and how a token is spelled, comes by the environment.
//
//     DEVICE=... MQTT_USER=... MQTT_PASSWORD=... MQTT_ADDRESS=ssl://... paho_device COUNT

#include <mqtt/async_client.h>

#include <cstdlib>

#include "receiving.hpp"

namespace {

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    if (value == nullptr) throw std::invalid_argument(std::string("set ") + name);
    return value;
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 2) throw std::invalid_argument("COUNT is missing");
    restante::bench::Receiving receiving(argv[1]);
    const std::string device = environment("DEVICE");
    mqtt::async_client client(environment("MQTT_ADDRESS"), device);
    mqtt::ssl_options tls;
    tls.set_trust_store(environment("RESTANTE_CA_FILE"));
    tls.set_verify(true);
    mqtt::connect_options options(environment("MQTT_USER"), environment("MQTT_PASSWORD"));
    options.set_mqtt_version(MQTTVERSION_3_1_1);
    options.set_clean_session(false);
    options.set_ssl(tls);
    // paho acknowledges a message when this has returned.
    client.set_message_callback([&](const mqtt::const_message_ptr&) { receiving.received(); });
    client.connect(options)->wait();
    client.subscribe("devices/" + device + "/messages/devicebound/#", 1)->wait();
    std::cout << "subscribed" << std::endl;
    receiving.wait();
    client.disconnect()->wait();
    receiving.report();
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
