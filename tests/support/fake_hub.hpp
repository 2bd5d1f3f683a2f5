#pragma once
// A hub for tests of device clients: real TLS and MQTT on a free port of 127.0.0.1, answers by
// script. It remembers what it heard, and the test's thread waits for it, bounded by a patience
// that only a failing test exhausts.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "auth/certificate_authority.hpp"
#include "base/logger.hpp"
#include "net/listener.hpp"
#include "net/loops.hpp"
#include "protocol/mqtt/server_engine.hpp"

namespace restante::test {

/// What clients get to hear. Read on the hub's loops: change it through FakeHub::script only.
struct HubScript {
    mqtt::ConnectReturnCode connect_answer = mqtt::ConnectReturnCode::accepted;
    bool session_present = false;
    std::uint8_t subscribe_answer = 1;
    bool answers_connect = true;
    bool answers_subscribe = true;
    bool answers_publish = true;
};

/// What all of a hub's connections have heard. Shared by the test, the listener and its sessions.
class HubRecord {
  public:
    static constexpr std::chrono::seconds patience{20};

    template <class Condition>
    bool wait(Condition condition) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, patience, condition);
    }
    template <class Change>
    void change(Change change) {
        const std::lock_guard lock(mutex);
        change();
        changed.notify_all();
    }

    std::mutex mutex;
    std::condition_variable changed;
    HubScript script;
    std::vector<mqtt::Connect> connects;
    std::vector<std::string> subscribed;
    std::vector<std::string> unsubscribed;
    std::vector<mqtt::PacketId> acknowledged;
    std::vector<mqtt::Publish> published;
    std::vector<Bytes> certificates;  ///< of clients that showed one
    int goodbyes = 0;
    int closed = 0;
    net::ConnectionHandle newest;
    std::function<void(mqtt::Publish)> publish;  ///< on the newest connection; any thread
};

class FakeHubSession final : public net::Session {
  public:
    explicit FakeHubSession(std::shared_ptr<HubRecord> record) : record_(std::move(record)) {}

    void start(net::ConnectionHandle handle, const net::Peer& peer, Now now) override {
        engine_.emplace(mqtt::ServerLimits(), now.steady);
        record_->change([&] {
            for (const auto& each : peer.certificate_chain) record_->certificates.push_back(each);
            record_->newest = handle;
            record_->publish = [this, handle](mqtt::Publish message) {
                handle.post([this, message = std::move(message)] {
                    EXPECT_TRUE(engine_->publish(message).has_value());
                });
            };
        });
    }
    void receive(BytesView bytes, Now now) override {
        engine_->receive(bytes, now.steady);
        while (auto event = engine_->next_event()) {
            record_->change([&] { std::visit([this](auto& e) { on(e); }, *event); });
        }
    }
    Bytes take_output() override { return engine_ ? engine_->take_output() : Bytes(); }
    std::optional<SteadyTime> next_deadline() const override { return engine_->next_deadline(); }
    void advance(Now now) override { engine_->advance(now.steady); }
    bool finished() const override { return engine_ && engine_->finished(); }
    void closed(const Error&) override {
        record_->change([&] { ++record_->closed; });
    }

  private:
    void on(mqtt::ConnectRequested& event) {
        record_->connects.push_back(event.connect);
        const HubScript& script = record_->script;
        if (!script.answers_connect) return;
        if (script.connect_answer == mqtt::ConnectReturnCode::accepted) {
            engine_->accept(script.session_present);
        } else {
            engine_->refuse(script.connect_answer);
        }
    }
    void on(mqtt::SubscribeRequested& event) {
        for (const auto& wanted : event.subscriptions) {
            record_->subscribed.push_back(wanted.filter);
        }
        const std::vector<std::uint8_t> codes(event.subscriptions.size(),
                                              record_->script.subscribe_answer);
        if (record_->script.answers_subscribe) engine_->subscribe_answer(event.packet_id, codes);
    }
    void on(mqtt::UnsubscribeRequested& event) {
        for (auto& filter : event.filters) record_->unsubscribed.push_back(filter);
        engine_->unsubscribe_answer(event.packet_id);
    }
    void on(mqtt::Acknowledged& event) { record_->acknowledged.push_back(event.packet_id); }
    void on(mqtt::Disconnected&) { ++record_->goodbyes; }
    void on(mqtt::PublishReceived& event) {
        record_->published.push_back(event.publish);
        if (record_->script.answers_publish) engine_->acknowledge(event.publish.packet_id);
    }
    void on(mqtt::Failed&) {}

    std::shared_ptr<HubRecord> record_;  // shared with the hub
    std::optional<mqtt::ServerEngine> engine_;
};

class FakeHub {
    // First, because sessions use it until the listener has gone.
    std::shared_ptr<HubRecord> record_ = std::make_shared<HubRecord>();

  public:
    static constexpr const char* name = "hub.localhost";

    FakeHub() { start(0); }

    std::uint16_t port() const { return port_; }
    const std::string& ca_pem() const { return ca_pem_; }

    void script(const std::function<void(HubScript&)>& change) {
        record_->change([&] { change(record_->script); });
    }
    /// Waits until `condition` holds of what was heard.
    bool heard(const std::function<bool(const HubRecord&)>& condition) {
        return record_->wait([&] { return condition(*record_); });
    }
    template <class Look>
    auto look(Look look) {
        const std::lock_guard lock(record_->mutex);
        return look(std::as_const(*record_));
    }
    void publish(const mqtt::Publish& message) {
        const std::lock_guard lock(record_->mutex);
        record_->publish(message);
    }
    /// Cuts the newest connection.
    void drop() {
        const std::lock_guard lock(record_->mutex);
        record_->newest.close();
    }
    void stop() { listener_.reset(); }
    /// Listens again, where it did before.
    void restart() { start(port_); }

  private:
    struct NoSink final : LogSink {
        void write(std::string_view) override {}
    };

    /// Of one test, which come from one address.
    static constexpr std::size_t connections_max = 1000;

    void start(std::uint16_t port) {
        if (!tls_) make_certificate();
        net::ListenerOptions options;
        options.address = "127.0.0.1";
        options.port = port;
        options.tls = tls_;
        options.session = [record = record_] { return std::make_unique<FakeHubSession>(record); };
        options.admission = std::make_shared<net::Admission>(connections_max);
        auto listener = net::Listener::start(loops_, clock_, logger_, std::move(options));
        if (!listener) throw std::runtime_error(listener.error().message);
        listener_ = *std::move(listener);
        port_ = listener_->port();
    }
    void make_certificate() {
        const auto now = clock_.now().wall;
        const auto authority = auth::create_certificate_authority(now).value();
        const std::array<std::string, 1> hosts{name};
        const auto server = auth::issue_server_certificate(authority, hosts, now).value();
        ca_pem_ = authority.certificate_pem;
        tls_ = net::TlsServer::create({.certificate_chain_pem = server.certificate_pem,
                                       .private_key_pem = server.private_key_pem,
                                       .ca_file = "ca.pem"})
                   .value();
    }

    SystemClock clock_;
    NoSink sink_;
    Logger logger_{sink_, clock_, LogLevel::error};
    std::string ca_pem_;
    std::shared_ptr<const net::TlsServer> tls_;
    std::uint16_t port_ = 0;
    net::Loops loops_{1};
    std::unique_ptr<net::Listener> listener_;
};

}  // namespace restante::test
