#include "cli/message_output.hpp"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>

#include "base/bytes.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"

namespace restante::cli {
namespace {

/// Quoted where a reader could not see its end.
std::string word(std::string_view text) {
    const std::string safe = printable(text);
    const bool plain = !safe.empty() && safe.find_first_of(" \"=") == std::string::npos;
    return plain ? safe : boost::json::serialize(boost::json::string(safe));
}

void append(std::string& line, const boost::json::object& properties) {
    for (const auto& [name, value] : properties) {
        const auto* text = value.if_string();
        line += fmt::format(" {}={}", word(name),
                            text != nullptr ? word(*text) : boost::json::serialize(value));
    }
}

}  // namespace

boost::json::object message_json(const MessageParts& message) {
    boost::json::object shown{{"deviceId", message.device_id}};
    if (!message.lock_token.empty()) shown["etag"] = message.lock_token;
    if (is_utf8(message.body)) {
        shown["data"] = message.body;
    } else {
        shown["dataBase64"] = to_base64(as_bytes(message.body));
    }
    shown["properties"] =
        boost::json::object{{"system", message.system}, {"app", message.application}};
    return shown;
}

void show_message(const MessageParts& message, const Output& output) {
    static const std::vector<Column> columns{
        {"device", "deviceId"},
        {"lock token", "etag"},
        {"data", "data"},
        {"data (base64)", "dataBase64"},
        {"message id", "properties.system.messageId"},
        {"correlation id", "properties.system.correlationId"},
        {"user id", "properties.system.userId"},
        {"content type", "properties.system.contentType"},
        {"content encoding", "properties.system.contentEncoding"},
        {"ack", "properties.system.ack"},
        {"expiry", "properties.system.expiryTimeUtc"},
        {"enqueued", "properties.system.enqueuedTimeUtc"},
        {"sequence number", "properties.system.sequenceNumber"},
        {"delivery count", "properties.system.deliveryCount"},
        {"properties", "properties.app"}};
    output.show(message_json(message), columns);
}

std::string message_line(const MessageParts& message) {
    std::string line = fmt::format("{}: {} ", message.device_id, printable(message.body));
    append(line, message.system);
    append(line, message.application);
    return line;
}

}  // namespace restante::cli
