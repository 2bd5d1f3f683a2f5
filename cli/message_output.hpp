#pragma once
// A message to a device as the command prints it, in the layout of `az iot device c2d-message`:
//
//     {"deviceId":"d","etag":"...","data":"hello",
//      "properties":{"system":{"messageId":"m",...},"app":{"level":"high"}}}
//
// A body that is no UTF-8 stands under "dataBase64" instead.

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "cli/output.hpp"

namespace restante::cli {

struct MessageParts {
    std::string device_id;
    std::string lock_token;  ///< empty: it was settled by the protocol
    std::string body;
    boost::json::object system;
    boost::json::object application;
};

boost::json::object message_json(const MessageParts& message);

void show_message(const MessageParts& message, const Output& output);

/// On one line, without the lock token: `d: hello  messageId=m level=high`.
std::string message_line(const MessageParts& message);

/// Adds a member, unless there is no value.
template <class Optional>
void set_present(boost::json::object& object, std::string_view name, const Optional& value) {
    if (value) object[name] = *value;
}

}  // namespace restante::cli
