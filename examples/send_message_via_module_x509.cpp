// Sends messages as a module of a device that proves itself by a certificate of its own.
//
//     IOTHUB_HOSTNAME=... DEVICE_ID=... MODULE_ID=... X509_CERT_FILE=... X509_KEY_FILE=...
//     [X509_PASS_PHRASE=...] ./send_message_via_module_x509

#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>

#include "restante/device/iothub_module_client.hpp"

namespace {

std::string setting(const char* name, const char* otherwise = nullptr) {
    const char* value = std::getenv(name);
    if (value == nullptr) value = otherwise;
    if (value == nullptr) throw std::invalid_argument(std::string("set ") + name);
    return value;
}

}  // namespace

int main() try {
    const restante::X509 x509{.certificate_file = setting("X509_CERT_FILE"),
                              .key_file = setting("X509_KEY_FILE"),
                              .pass_phrase = setting("X509_PASS_PHRASE", "")};
    auto client = restante::IoTHubModuleClient::create_from_x509_certificate(
        x509, setting("IOTHUB_HOSTNAME"), setting("DEVICE_ID"), setting("MODULE_ID"));

    for (int i = 1; i <= 5; ++i) {
        restante::Message message;
        message.data = R"({"wind": )" + std::to_string(10 * i) + "}";
        message.content_type = "application/json";
        message.custom_properties.set("storm", i > 3 ? "yes" : "no");
        client.send_message(message);
        std::cout << "sent message #" << i << std::endl;
    }
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
