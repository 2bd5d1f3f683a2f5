#include "runs.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <string>

#include "amqp_login.hpp"
#include "crowd.hpp"
#include "mqtt_login.hpp"

namespace restante::storm {
namespace {

using bench::Moment;
using bench::moment;
using bench::seconds_between;

std::unique_ptr<Conversation> conversation_for(const Options& options) {
    switch (options.speak) {
        case Speak::mqtt:
            return std::make_unique<MqttLogin>(options);
        case Speak::amqp:
            return std::make_unique<AmqpLogin>(options);
        case Speak::echo:
            break;
    }
    return std::make_unique<EchoOnce>();
}

Moment deadline_of(const Options& options) {
    return moment() + std::chrono::seconds(options.deadline_seconds);
}

/// Leaves as soon as it is ready.
class Leaver final : public Task {
  public:
    void ready(Caller& caller) override { crowd->leave(caller); }
    Crowd* crowd = nullptr;
};

/// Stays. What is sent to it is read and thrown away.
class Stayer final : public Task {
  public:
    void ready(Caller&) override {}
};

/// Asks again as soon as it is answered.
class Player final : public Task {
  public:
    explicit Player(std::size_t bytes) : request_(bytes, 'p') {}

    void ready(Caller&) override {}
    void start(Caller& caller) {
        if (caller.phase == Phase::ready) ask(caller);
    }
    bool heard(Caller& caller, BytesView bytes) override {
        if (bytes.size() > caller.awaited) {
            crowd->fail(caller, "more came back than was sent");
            return true;
        }
        caller.awaited -= static_cast<std::uint32_t>(bytes.size());
        if (caller.awaited > 0) return false;
        latencies.add(caller.since, moment());
        ask(caller);
        return true;
    }

    Crowd* crowd = nullptr;
    bench::Latencies latencies;

  private:
    void ask(Caller& caller) {
        caller.since = moment();
        caller.awaited = static_cast<std::uint32_t>(request_.size());
        crowd->send(caller, request_);
    }

    Bytes request_;
};

/// With --resume: one connection ahead of those that are measured, for its session.
void warm_up(Target& target, Conversation& conversation, const Options& options) {
    if (!options.resume) return;
    target.keep_sessions();
    Leaver leaver;
    Crowd crowd(target, conversation, {.count = 1, .concurrent = 1}, leaver);
    leaver.crowd = &crowd;
    crowd.run([&] { return crowd.settled(); }, deadline_of(options));
    target.offer_session();
    if (!target.has_session()) fmt::print(stderr, "storm: the server gives no session\n");
}

/// Of what is measured, from its construction on.
class Usage {
  public:
    double seconds() const { return seconds_between(began_, moment()); }
    double client_cpu_seconds() const { return bench::cpu_seconds() - client_; }
    Moment began() const { return began_; }

  private:
    double client_ = bench::cpu_seconds();
    Moment began_ = moment();
};

/// Tells those that were too late. Whether nothing was wrong.
bool judge(const Crowd& crowd, const Options& options) {
    if (!crowd.settled()) {
        fmt::print(stderr, "storm: {} of {} clients were ready after {} s\n", crowd.counts().ready,
                   options.count, options.deadline_seconds);
    }
    return crowd.settled() && crowd.counts().errors == 0;
}

}  // namespace

bool run_connect(const Options& options) {
    Target target(options);
    const auto conversation = conversation_for(options);
    warm_up(target, *conversation, options);
    Leaver leaver;
    Crowd crowd(target, *conversation, {.count = options.count, .concurrent = options.concurrent},
                leaver);
    leaver.crowd = &crowd;
    const Usage usage;
    crowd.run([&] { return crowd.settled(); }, deadline_of(options));
    const double seconds = usage.seconds();
    const auto& counts = crowd.counts();
    fmt::print(R"({{"connections_per_second":{:.1f},"connections":{},"resumed":{},"errors":{},)"
               R"("seconds":{:.3f},"client_cpu_seconds":{:.3f},)"
               R"("ready_p50_us":{:.1f},"ready_p99_us":{:.1f}}})"
               "\n",
               static_cast<double>(counts.ready) / seconds, counts.ready, counts.resumed,
               counts.errors, seconds, usage.client_cpu_seconds(),
               crowd.times_until_ready().quantile(0.5), crowd.times_until_ready().quantile(0.99));
    return judge(crowd, options);
}

bool run_hold(const Options& options) {
    Target target(options);
    const auto conversation = conversation_for(options);
    warm_up(target, *conversation, options);
    Stayer stayer;
    Crowd crowd(target, *conversation, {.count = options.count, .concurrent = options.concurrent},
                stayer);
    crowd.watch(STDIN_FILENO);
    const Usage usage;
    crowd.run([&] { return crowd.settled(); }, deadline_of(options));
    const double seconds = usage.seconds();
    const std::size_t errors = crowd.counts().errors;
    const bool well = judge(crowd, options);
    fmt::print("{{\"connected\":{}}}\n", crowd.counts().ready);
    std::fflush(stdout);
    std::array<char, 256> ignored;
    const auto input_ended = [&] {
        pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
        return ::poll(&input, 1, 0) > 0 &&
               ::read(STDIN_FILENO, ignored.data(), ignored.size()) <= 0;
    };
    while (!crowd.run(input_ended, moment() + std::chrono::hours(1))) {
    }
    const std::size_t lost = crowd.counts().errors - errors;
    for (auto& caller : crowd.callers()) crowd.leave(caller);
    fmt::print(R"({{"held":{},"lost":{},"resumed":{},"errors":{},"seconds":{:.3f},)"
               R"("client_cpu_seconds":{:.3f}}})"
               "\n",
               crowd.counts().ready - lost, lost, crowd.counts().resumed, errors, seconds,
               usage.client_cpu_seconds());
    return well && lost == 0;
}

bool run_echo(const Options& options) {
    Target target(options);
    EchoOnce conversation;
    warm_up(target, conversation, options);
    Player player(options.bytes);
    Crowd crowd(target, conversation, {.count = options.count, .concurrent = options.concurrent},
                player);
    player.crowd = &crowd;
    crowd.run([&] { return crowd.settled(); }, deadline_of(options));
    const Usage usage;
    for (auto& caller : crowd.callers()) player.start(caller);
    crowd.run([&] { return crowd.counts().ended == options.count; },
              usage.began() + std::chrono::seconds(options.seconds));
    const double seconds = usage.seconds();
    fmt::print(R"({{"requests_per_second":{:.1f},"p50_us":{:.1f},"p99_us":{:.1f},)"
               R"("p999_us":{:.1f},"connections":{},"errors":{},"seconds":{:.3f},)"
               R"("client_cpu_seconds":{:.3f}}})"
               "\n",
               static_cast<double>(player.latencies.count()) / seconds,
               player.latencies.quantile(0.5), player.latencies.quantile(0.99),
               player.latencies.quantile(0.999), crowd.counts().ready, crowd.counts().errors,
               seconds, usage.client_cpu_seconds());
    const bool well = judge(crowd, options);
    for (auto& caller : crowd.callers()) crowd.leave(caller);
    return well;
}

}  // namespace restante::storm
