// Prints what became of the messages that were sent with iothub-ack, until SIGINT: the counterpart
// of the C# guide's ReceiveFeedbackAsync.
//
//     IOTHUB_CONNECTION_STRING="HostName=..." [TRANSPORT=ws] ./receive_feedback [BATCHES]
//
// With BATCHES it ends after as many. TRANSPORT=ws receives through a WebSocket on port 443.

#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

#include "restante/service/iothub_registry_manager.hpp"

int main(int argc, char** argv) {
    const char* connection_string = std::getenv("IOTHUB_CONNECTION_STRING");
    if (connection_string == nullptr) {
        std::cerr << "Set IOTHUB_CONNECTION_STRING to the hub's connection string: "
                     "`restante connection-string` prints it.\n";
        return 1;
    }
    const unsigned long batches = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 0;
    try {
        restante::ServiceOptions options;
        const char* transport = std::getenv("TRANSPORT");
        if (transport != nullptr && std::string(transport) == "ws") {
            options.transport_type = restante::TransportType::AmqpOverWebsocket;
        }
        auto registry_manager =
            restante::IoTHubRegistryManager::from_connection_string(connection_string, options);
        auto receiver = registry_manager.get_feedback_receiver();

        std::cout << "Receiving c2d feedback from service" << std::endl;
        unsigned long received = 0;
        while (batches == 0 || received < batches) {
            try {
                const auto batch = receiver.receive(std::chrono::minutes(1));
                if (!batch) continue;
                for (const auto& record : batch->records) {
                    std::cout << "Received feedback: " << record.status_code << " for "
                              << record.original_message_id << " of " << record.device_id
                              << std::endl;
                }
                receiver.complete(*batch);
                std::cout << "Completed the batch" << std::endl;
                ++received;
            } catch (const restante::IoTHubError& error) {
                const bool lock_lost = error.code() == 412002;  // the batch comes again
                if (!error.retryable() && !lock_lost) throw;
                std::cerr << error.what() << std::endl;  // receive() connects anew
            }
        }
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "receive_feedback: " << error.what() << '\n';
        return 1;
    }
}
