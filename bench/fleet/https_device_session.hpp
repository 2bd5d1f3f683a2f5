#pragma once
// A device that polls over HTTPS: GET a message, DELETE its lock, until a GET finds none.

#include "http_client_session.hpp"
#include "hub_client.hpp"
#include "inbox.hpp"

namespace restante::fleet {

class HttpsDeviceSession final : public HttpClientSession {
  public:
    HttpsDeviceSession(const HubClient& hub, Inbox& inbox, Ended ended);

  private:
    void opened() override { poll(); }
    void answered(const http::Response& response) override;

    void poll();
    void complete(const http::Response& message);
    void ask(std::string method, std::string_view below);

    Inbox& inbox_;
    std::string token_;
    bool completing_ = false;
};

}  // namespace restante::fleet
