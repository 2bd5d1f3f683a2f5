#include <fmt/format.h>

#include <deque>
#include <utility>

#include "base/timestamp.hpp"
#include "https_peer.hpp"

namespace restante::simulation {
namespace {

class HttpsDevice final : public HttpsPeer {
  public:
    HttpsDevice(Surroundings& around, const Line& line)
        : HttpsPeer(around, line, around.device_token(line)),
          path_(fmt::format("/devices/{}/messages/devicebound", line.device)) {}

  private:
    struct Held {
        std::string lock;
        std::string id;
    };

    void next_request() override {
        if (!held_ || around_.random.chance(5)) {
            // Most clients ask now and then.
            if (!around_.draining && around_.random.chance(50)) return;
            settling_.reset();
            return ask("GET", path_);
        }
        const Held held = *std::exchange(held_, std::nullopt);
        const Ending ending = around_.choose();
        settling_ = {held.id, ending};
        around_.history.settling(line_, held.id, ending);
        const auto target = fmt::format("{}/{}", path_, held.lock);
        if (ending == Ending::complete) return ask("DELETE", target);
        if (ending == Ending::reject) return ask("DELETE", target + "?reject");
        ask("POST", target + "/abandon");
    }
    void answered(const http::Response& response) override {
        if (settling_) {
            if (response.status == 204)
                around_.history.settled(settling_->first, settling_->second);
            settling_.reset();
            return;
        }
        if (response.status != 200) return;
        held_ = Held{.lock = lock_token(response),
                     .id = std::string(response.headers.find("iothub-messageid").value_or("none"))};
        around_.history.delivered(line_, asked_at_, asked_step_, held_->id, as_text(response.body));
    }

    const std::string path_;
    std::optional<Held> held_;
    std::optional<std::pair<std::string, Ending>> settling_;
};

class HttpsService final : public HttpsPeer {
  public:
    HttpsService(Surroundings& around, const Line& line, const std::vector<std::string>& devices)
        : HttpsPeer(around, line, around.policy_token()), devices_(devices) {}
    ~HttpsService() override { end_purge(); }

  private:
    static constexpr const char* feedback_path = "/messages/servicebound/feedback";

    void next_request() override {
        doing_ = Doing::feedback;
        if (!held_lock_.empty()) {
            doing_ = Doing::completing;
            return ask("DELETE",
                       fmt::format("{}/{}", feedback_path, std::exchange(held_lock_, {})));
        }
        if (around_.draining || around_.random.chance(15)) return ask("GET", feedback_path);
        const std::string& device = devices_[around_.random.below(devices_.size())];
        if (around_.random.chance(2)) {
            doing_ = Doing::purging;
            purged_ = device;
            around_.history.purging(device);
            return ask("DELETE", fmt::format("/devices/{}/commands", device));
        }
        send(device);
    }
    void send(const std::string& device) {
        doing_ = Doing::sending;
        static constexpr std::array acks{"none", "positive", "negative", "full", "full"};
        const bool expires = around_.random.chance(5);
        const auto sent = around_.history.send(device, line_.id,
                                               acks[around_.random.below(acks.size())], expires);
        sent_id_ = sent.id;
        http::Headers headers{{"iothub-messageid", sent.id}, {"iothub-ack", sent.ack}};
        if (expires) {
            headers.add("iothub-expiry",
                        to_iso8601(around_.clock.now().wall + std::chrono::seconds(20)));
        }
        ask("POST", fmt::format("/devices/{}/messages/devicebound", device), std::move(headers),
            to_bytes(sent.body));
    }
    void end_purge() {
        if (!purged_.empty()) around_.history.purged(std::exchange(purged_, {}));
    }
    void answered(const http::Response& response) override {
        end_purge();
        if (doing_ == Doing::sending) {
            if (response.status == 204) around_.history.accepted(sent_id_);
            if (response.status >= 400 && response.status < 500) around_.history.refused(sent_id_);
        } else if (doing_ == Doing::completing) {
            if (response.status == 204) around_.history.feedback_settled(batch_);
        } else if (doing_ == Doing::feedback && response.status == 200) {
            held_lock_ = lock_token(response);
            batch_ = to_text(response.body);
            around_.history.feedback(asked_step_, batch_);
        }
    }

    enum class Doing : std::uint8_t { sending, feedback, completing, purging };

    const std::vector<std::string>& devices_;
    Doing doing_ = Doing::sending;
    std::string sent_id_;
    std::string purged_;  ///< the device whose queue is being purged
    std::string held_lock_;
    std::string batch_;
};

}  // namespace

std::unique_ptr<Peer> make_https_device(Surroundings& around, const Line& line) {
    return std::make_unique<HttpsDevice>(around, line);
}

std::unique_ptr<Peer> make_https_service(Surroundings& around, const Line& line,
                                         const std::vector<std::string>& devices) {
    return std::make_unique<HttpsService>(around, line, devices);
}

}  // namespace restante::simulation
