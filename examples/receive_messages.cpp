// Receives cloud-to-device messages and prints them: the counterpart of the Python sample.
//
//     receive_messages [CONNECTION_STRING] [--count N]
//
// Without an argument the environment's IOTHUB_DEVICE_CONNECTION_STRING is used. Runs until SIGINT
// or SIGTERM, or until N messages have come. A hub with a private CA: RESTANTE_CA_FILE names it.

#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>

#include "restante/device/iothub_device_client.hpp"

namespace {

using restante::IoTHubDeviceClient;
using restante::Message;

struct Arguments {
    std::string connection_string;
    unsigned long count = 0;  // 0: no end
};

Arguments read_arguments(int argc, char** argv) {
    Arguments arguments;
    const char* named = std::getenv("IOTHUB_DEVICE_CONNECTION_STRING");
    if (named != nullptr) arguments.connection_string = named;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--count" && i + 1 < argc) {
            char* end = nullptr;
            arguments.count = std::strtoul(argv[++i], &end, 10);
            if (*end != '\0' || arguments.count == 0) {
                throw std::invalid_argument("--count wants a number of messages, 1 or more");
            }
        } else if (word.rfind("--", 0) == 0) {
            throw std::invalid_argument("unknown option " + word + "; there is --count N");
        } else {
            arguments.connection_string = word;
        }
    }
    if (arguments.connection_string.empty()) {
        throw std::invalid_argument(
            "no connection string: give the device's as the argument, or in "
            "IOTHUB_DEVICE_CONNECTION_STRING");
    }
    return arguments;
}

/// Text as Python shows it, between quotes; b'...' for bytes.
std::string quoted(const std::string& text, bool bytes = false) {
    const char quote =
        text.find('\'') != std::string::npos && text.find('"') == std::string::npos ? '"' : '\'';
    const char* digits = "0123456789abcdef";
    std::string shown(bytes ? "b" : "");
    shown += quote;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == quote || c == '\\') {
            shown += std::string("\\") + c;
        } else if (byte < 0x20 || byte == 0x7F || (bytes && byte > 0x7F)) {
            shown += std::string("\\x") + digits[byte >> 4] + digits[byte & 15];
        } else {
            shown += c;
        }
    }
    return shown + quote;
}

void print(const char* name, const std::string& value) {
    std::cout << "    ('" << name << "', " << value << ")\n";
}

void print(const char* name, const std::optional<std::string>& value) {
    print(name, value ? quoted(*value) : std::string("None"));
}

/// The data, then both system and application (custom) properties.
void print(const Message& message) {
    std::string custom;
    for (const auto& [name, value] : message.custom_properties) {
        custom += (custom.empty() ? "" : ", ") + quoted(name) + ": " + quoted(value);
    }
    print("data", quoted(message.data, true));
    print("custom_properties", "{" + custom + "}");
    print("message_id", message.message_id);
    print("expiry_time_utc", message.expiry_time_utc);
    print("correlation_id", message.correlation_id);
    print("user_id", message.user_id);
    print("content_encoding", message.content_encoding);
    print("content_type", message.content_type);
    print("ack", message.ack);
}

int run(const Arguments& arguments) {
    // Blocked before any thread starts, so that sigwait alone receives them.
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &stop, nullptr);

    auto client = IoTHubDeviceClient::create_from_connection_string(arguments.connection_string);
    client.on_background_exception(
        [](const std::exception& problem) { std::cerr << problem.what() << std::endl; });

    unsigned long received = 0;
    client.on_message_received([&](const Message& message) {
        ++received;
        std::cout << "\nMessage received:\n";
        print(message);
        std::cout << "Total calls received: " << received << std::endl;
        if (received == arguments.count) kill(getpid(), SIGTERM);
    });

    int signal = 0;
    sigwait(&stop, &signal);
    std::cout << "IoT Hub C2D Messaging device sample stopped\n"
              << "Shutting down IoT Hub Client" << std::endl;
    client.shutdown();
    return EXIT_SUCCESS;
}

/// What to try after a failure.
const char* next_step(const std::exception& problem) {
    if (dynamic_cast<const std::invalid_argument*>(&problem) != nullptr) {
        return "Check the arguments and the environment; quote the connection string.";
    }
    if (dynamic_cast<const restante::CredentialError*>(&problem) != nullptr) {
        return "Copy the device's connection string from the hub once more.";
    }
    if (dynamic_cast<const restante::ConnectionFailedError*>(&problem) != nullptr) {
        return "Check that the hub runs and that HostName and RESTANTE_MQTT_PORT lead to it.";
    }
    return "For a hub with a private CA, set RESTANTE_CA_FILE to its ca.pem.";
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(read_arguments(argc, argv));
    } catch (const std::exception& problem) {
        std::cerr << "receive_messages: " << problem.what() << '\n'
                  << next_step(problem) << std::endl;
        return EXIT_FAILURE;
    }
}
