#pragma once
// The properties argument of send_c2d_message: a Python dict's worth of names and values.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace restante {

/// Devices see text: numbers in decimal, booleans as "True" and "False".
using PropertyValue = std::variant<std::string, std::int64_t, double, bool>;

/// Names with one value each, in the order they were first set.
///
/// Five names are system properties: messageId, correlationId, contentType, contentEncoding (text)
/// and expiryTimeUtc (milliseconds since 1970, an integer). Every other name is an application
/// property; `iothub-ack` among them asks for feedback: none, positive, negative or full.
class MessageProperties {
  public:
    using Entry = std::pair<std::string, PropertyValue>;

    MessageProperties() = default;
    MessageProperties(std::initializer_list<Entry> entries) {
        for (const auto& entry : entries) set(entry.first, entry.second);
    }

    /// Sets or replaces a value.
    void set(const std::string& name, PropertyValue value) {
        for (auto& entry : entries_) {
            if (entry.first == name) {
                entry.second = std::move(value);
                return;
            }
        }
        entries_.emplace_back(name, std::move(value));
    }

    const std::vector<Entry>& entries() const { return entries_; }

  private:
    std::vector<Entry> entries_;
};

}  // namespace restante
