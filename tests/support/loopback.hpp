#pragma once
// Loops, a log and one listener on a free port of 127.0.0.1, for tests of connections.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.hpp"
#include "base/logger.hpp"
#include "net/connector.hpp"
#include "net/listener.hpp"
#include "net/loops.hpp"
#include "support/recording_session.hpp"
#include "support/test_certificates.hpp"

namespace restante::test {

/// Log lines, and a wait for the one a test expects.
class CollectingSink final : public LogSink {
  public:
    void write(std::string_view line) override {
        const std::lock_guard lock(mutex_);
        text_ += line;
        changed_.notify_all();
    }
    bool wait_for(std::string_view text) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, Record::patience,
                                 [&] { return text_.find(text) != std::string::npos; });
    }
    std::string text() {
        const std::lock_guard lock(mutex_);
        return text_;
    }
    /// How many lines one event has.
    std::size_t count(std::string_view event) {
        const auto lines = text();
        const auto wanted = fmt::format("event={} ", event);
        std::size_t found = 0;
        for (auto at = lines.find(wanted); at != std::string::npos;
             at = lines.find(wanted, at + 1)) {
            ++found;
        }
        return found;
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::string text_;
};

inline std::shared_ptr<const net::TlsServer> server_tls() {
    return net::TlsServer::create({.certificate_chain_pem = server_certificate().certificate_pem,
                                   .private_key_pem = server_certificate().private_key_pem,
                                   .ca_file = "hub/ca.pem"})
        .value();
}

inline std::shared_ptr<const net::TlsClient> client_tls(
    const std::string& ca_pem = authority_certificate().certificate_pem) {
    return net::TlsClient::create(
               {.ca_pem = ca_pem, .certificate_chain_pem = "", .private_key_pem = ""})
        .value();
}

class Loopback : public testing::Test {
    // First, because sessions are made until the listener has gone.
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::shared_ptr<Record>> records_;

  protected:
    using Prepare = std::function<void(RecordingSession&)>;

    net::ListenerOptions options() {
        net::ListenerOptions made;
        made.address = "127.0.0.1";
        made.tls = server_tls();
        made.session = [this] { return accept(); };
        made.admission = std::make_shared<net::Admission>(strangers_max);
        return made;
    }
    void listen() { listen(options()); }
    void listen(net::ListenerOptions with) {
        auto started = net::Listener::start(loops, clock, logger, std::move(with));
        ASSERT_TRUE(started.has_value()) << started.error().message;
        listener = std::move(*started);
    }

    /// The record of the next session the listener has made and started.
    std::shared_ptr<Record> accepted() {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, Record::patience, [this] { return !records_.empty(); })) {
            ADD_FAILURE() << "no session was made";
            return std::make_shared<Record>();
        }
        auto record = std::move(records_.front());
        records_.pop_front();
        lock.unlock();
        EXPECT_TRUE(record->wait_started());
        return record;
    }

    net::ConnectOptions target() {
        net::ConnectOptions made;
        made.host = "127.0.0.1";
        made.port = listener ? listener->port() : std::uint16_t{0};
        made.tls = client_tls();
        return made;
    }
    /// A client session on its way to `to`.
    std::shared_ptr<Record> connect(net::ConnectOptions to, const Prepare& prepare = {}) {
        auto record = std::make_shared<Record>();
        auto session = std::make_unique<RecordingSession>(record);
        if (prepare) prepare(*session);
        last_handle = net::connect(loops.next(), clock, std::move(to), std::move(session));
        return record;
    }

    /// More than a test has that is not about their bound.
    static constexpr std::size_t strangers_max = 1000;

    SystemClock clock;
    CollectingSink sink;
    Logger logger{sink, clock, LogLevel::debug};
    Prepare prepare_server;  ///< gives each server session its behaviour; set before listen()
    net::ConnectionHandle last_handle;
    net::Loops loops{2};
    std::unique_ptr<net::Listener> listener;

  private:
    std::unique_ptr<net::Session> accept() {
        auto record = std::make_shared<Record>();
        auto session = std::make_unique<RecordingSession>(record);
        if (prepare_server) prepare_server(*session);
        const std::lock_guard lock(mutex_);
        records_.push_back(std::move(record));
        changed_.notify_all();
        return session;
    }
};

}  // namespace restante::test
