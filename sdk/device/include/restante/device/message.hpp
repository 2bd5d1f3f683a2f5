#pragma once
// A message as the device receives or sends it: the attributes of Python's Message, by its names.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace restante {

/// Names and values in the order in which the sender wrote them; each name is there once.
class Properties {
  public:
    using value_type = std::pair<std::string, std::string>;
    using const_iterator = std::vector<value_type>::const_iterator;

    Properties() = default;
    Properties(std::initializer_list<value_type> entries) {
        for (const auto& entry : entries) set(entry.first, entry.second);
    }

    /// The value of `name`, or null. Good until the next set().
    const std::string* find(const std::string& name) const {
        for (const auto& entry : entries_) {
            if (entry.first == name) return &entry.second;
        }
        return nullptr;
    }
    bool contains(const std::string& name) const { return find(name) != nullptr; }

    /// Adds a property, or gives one that is there another value in its place.
    void set(std::string name, std::string value) {
        for (auto& entry : entries_) {
            if (entry.first == name) {
                entry.second = std::move(value);
                return;
            }
        }
        entries_.emplace_back(std::move(name), std::move(value));
    }

    const_iterator begin() const { return entries_.begin(); }
    const_iterator end() const { return entries_.end(); }
    std::size_t size() const { return entries_.size(); }
    bool empty() const { return entries_.empty(); }

    friend bool operator==(const Properties& a, const Properties& b) {
        return a.entries_ == b.entries_;
    }
    friend bool operator!=(const Properties& a, const Properties& b) { return !(a == b); }

  private:
    std::vector<value_type> entries_;
};

/// What becomes of a message that was received.
enum class Settlement : std::uint8_t {
    complete,  ///< it was handled; the hub forgets it
    abandon,   ///< the hub delivers it again, until it has done so as often as it may
    reject,    ///< it can never be handled; the hub takes it for dead
};

struct Message {
    /// The body: bytes of any value, text or not. A std::string because most bodies are text.
    std::string data;

    /// What the sender added. System properties that have no member here are received, and may be
    /// sent, under their name on the wire ("$.x").
    Properties custom_properties;

    std::optional<std::string> message_id;
    std::optional<std::string> expiry_time_utc;  ///< ISO 8601; as the hub writes it, when received
    std::optional<std::string> correlation_id;
    std::optional<std::string> user_id;
    std::optional<std::string> content_encoding;
    std::optional<std::string> content_type;
    /// The feedback asked for: none, positive, negative, full. Not sent.
    std::optional<std::string> ack;
};

}  // namespace restante
