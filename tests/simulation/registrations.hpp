#pragma once
// What is known of each device's registration while others change it: whether it exists, may
// connect, and by which key. The run owns it, registrars change it, new lines ask it.

#include <cstdint>
#include <map>
#include <string>

namespace restante::simulation {

/// Every device's key at first, and in the end.
inline constexpr const char* device_key = "c2ltdWxhdGVkIGRldmljZSBrZXk=";

struct Registration {
    bool exists = true;
    bool enabled = true;
    std::string key = device_key;
};

class Registrations {
  public:
    void add(const std::string& device) { entries_.insert_or_assign(device, Entry{}); }

    const Registration& of(const std::string& device) const {
        return entries_.at(device).registration;
    }
    bool busy(const std::string& device) const { return entries_.at(device).busy; }
    /// A change is under way, or its answer never came.
    bool unsure(const std::string& device) const {
        const Entry& entry = entries_.at(device);
        return entry.busy || !entry.known;
    }
    /// Grows when a change is asked for and when its answer comes.
    std::uint64_t changes(const std::string& device) const { return entries_.at(device).changes; }

    /// Asked for.
    void changing(const std::string& device) {
        Entry& entry = entries_.at(device);
        ++entry.changes;
        entry.busy = true;
        entry.known_before = entry.known;
        entry.known = false;
    }
    void changed(const std::string& device, Registration now) {
        Entry& entry = entries_.at(device);
        entry.registration = std::move(now);
        ++entry.changes;
        entry.busy = false;
        entry.known = true;
    }
    /// The hub has said that it did not do it.
    void refused(const std::string& device) {
        Entry& entry = entries_.at(device);
        entry.busy = false;
        entry.known = entry.known_before;
    }
    /// Nobody will ever say.
    void given_up(const std::string& device) {
        Entry& entry = entries_.at(device);
        ++entry.changes;
        entry.busy = false;
    }

  private:
    struct Entry {
        Registration registration;
        std::uint64_t changes = 0;
        bool busy = false;
        bool known = true;
        bool known_before = true;
    };

    std::map<std::string, Entry> entries_;
};

}  // namespace restante::simulation
