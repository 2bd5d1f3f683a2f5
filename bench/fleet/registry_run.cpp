#include "registry_run.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "registry_session.hpp"

namespace restante::fleet {

RegistryRun::RegistryRun(HubClient& hub, Tally& tally, std::string counted, Errand errand)
    : hub_(hub), tally_(tally), counted_(std::move(counted)), errand_(std::move(errand)) {}

void RegistryRun::start(std::size_t count, std::function<void()> ended) {
    count_ = count;
    ended_ = std::move(ended);
    sessions_ = std::min(count, connections_max);
    for (std::size_t i = 0; i < sessions_; ++i) {
        hub_.connect(HubClient::Port::https,
                     std::make_unique<RegistrySession>(
                         *this, hub_.host(), [this](const auto& fault) { session_ended(fault); }));
    }
}

std::optional<Member> RegistryRun::next() {
    if (next_ > count_) return std::nullopt;
    return Member(next_++);
}

http::Request RegistryRun::request(const Member& member) const {
    http::Request request{
        .method = errand_.method,
        .target = fmt::format("/devices/{}?api-version=2021-04-12", member.name()),
        .headers = {{"Authorization", hub_.policy_token()}},
        .body = errand_.body(member)};
    if (!request.body.empty()) request.headers.add("Content-Type", "application/json");
    return request;
}

void RegistryRun::judge(const Member& member, const http::Response& response) {
    if (response.status != 200) {
        return tally_.error(fmt::format("{} {}: {} {}", errand_.method, member.name(),
                                        response.status, as_text(response.body)));
    }
    if (const auto wrong = errand_.check(member, response.body)) {
        return tally_.error(fmt::format("{} {}: {}", errand_.method, member.name(), *wrong));
    }
    ++tally_.counts[counted_];
}

void RegistryRun::session_ended(const std::optional<Error>& fault) {
    if (fault) tally_.error(fmt::format("a registry connection: {}", fault->message));
    if (--sessions_ > 0) return;
    if (next_ <= count_) {
        tally_.error(fmt::format("{} registry requests were not made", count_ - next_ + 1));
    }
    ended_();
}

}  // namespace restante::fleet
