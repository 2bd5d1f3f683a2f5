#include "https_device_session.hpp"

#include <fmt/format.h>

namespace restante::fleet {

HttpsDeviceSession::HttpsDeviceSession(const HubClient& hub, Inbox& inbox, Ended ended)
    : HttpClientSession(hub.host(), std::move(ended)),
      inbox_(inbox),
      token_(hub.device_token(inbox.member())) {}

void HttpsDeviceSession::ask(std::string method, std::string_view below) {
    send({.method = std::move(method),
          .target = fmt::format("/devices/{}/messages/devicebound{}?api-version=2021-04-12",
                                inbox_.member().name(), below),
          .headers = {{"Authorization", token_}},
          .body = {}});
}

void HttpsDeviceSession::poll() {
    completing_ = false;
    ask("GET", "");
}

void HttpsDeviceSession::answered(const http::Response& response) {
    if (completing_ && response.status == 204) return poll();
    if (!completing_ && response.status == 200) return complete(response);
    if (!completing_ && response.status == 204 && inbox_.complete()) return leave();
    give_up(Error(
        ErrorCode::protocol_error,
        fmt::format("{} was answered with {} {} after {} messages", completing_ ? "DELETE" : "GET",
                    response.status, as_text(response.body), inbox_.taken())));
}

void HttpsDeviceSession::complete(const http::Response& message) {
    if (const auto taken = inbox_.take(message.body); !taken) return give_up(taken.error());
    const std::string_view tag = message.headers.find("ETag").value_or("");
    if (tag.size() < 3 || tag.front() != '"' || tag.back() != '"') {
        return give_up(Error(ErrorCode::protocol_error, "a message without a quoted ETag"));
    }
    completing_ = true;
    ask("DELETE", fmt::format("/{}", tag.substr(1, tag.size() - 2)));
}

}  // namespace restante::fleet
