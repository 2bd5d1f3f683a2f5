#include <fmt/format.h>

#include "base/encoding.hpp"
#include "https_peer.hpp"

namespace restante::simulation {
namespace {

class Registrar final : public HttpsPeer {
  public:
    Registrar(Surroundings& around, const Line& line, const std::vector<std::string>& devices)
        : HttpsPeer(around, line, around.policy_token()), devices_(devices) {}
    ~Registrar() override {
        if (!device_.empty()) around_.registrations.given_up(device_);
        if (deleting_) around_.history.deleted(device_, false);
    }

  private:
    void next_request() override {
        const std::string& device = devices_[around_.random.below(devices_.size())];
        if (around_.draining || around_.registrations.busy(device)) return;
        device_ = device;
        wanted_ = around_.registrations.of(device);
        const bool unsure = around_.registrations.unsure(device);
        deleting_ = !unsure && wanted_.exists && around_.random.chance(20);
        around_.registrations.changing(device);
        if (deleting_) {
            wanted_.exists = false;
            around_.history.deleting(device);
            return ask("DELETE", path(), {{"If-Match", "*"}});
        }
        // What may be there or not is made, or found to be there, and is sure then.
        http::Headers headers;
        if (wanted_.exists && !unsure) headers.add("If-Match", "*");
        wanted_.exists = true;
        wanted_.enabled = around_.random.chance(60);
        if (around_.random.chance(40)) wanted_.key = other_key();
        ask("PUT", path(), std::move(headers), to_bytes(body()));
    }
    void answered(const http::Response& response) override {
        const std::string device = std::exchange(device_, {});
        const bool deleting = std::exchange(deleting_, false);
        if (response.status == 200 || response.status == 204) {
            around_.registrations.changed(device, wanted_);
            if (deleting) return around_.history.deleted(device, true);
        } else if (response.status == 409) {
            // It is there, after all; how, nobody knows.
            around_.registrations.given_up(device);
        } else if (response.status < 500) {
            around_.registrations.refused(device);
        } else {
            around_.registrations.given_up(device);
        }
        if (deleting) around_.history.deleted(device, false);
    }

    std::string path() const { return fmt::format("/devices/{}", device_); }
    std::string other_key() {
        return to_base64(to_bytes(fmt::format("simulated key {:<10}", around_.random.below(1000))));
    }
    std::string body() const {
        return fmt::format(
            R"({{"deviceId":"{}","status":"{}","authentication":{{"type":"sas","symmetricKey":)"
            R"({{"primaryKey":"{}","secondaryKey":"{}"}}}}}})",
            device_, wanted_.enabled ? "enabled" : "disabled", wanted_.key, wanted_.key);
    }

    const std::vector<std::string>& devices_;
    std::string device_;  ///< whose registration is being changed
    Registration wanted_;
    bool deleting_ = false;
};

}  // namespace

std::unique_ptr<Peer> make_registrar(Surroundings& around, const Line& line,
                                     const std::vector<std::string>& devices) {
    return std::make_unique<Registrar>(around, line, devices);
}

}  // namespace restante::simulation
