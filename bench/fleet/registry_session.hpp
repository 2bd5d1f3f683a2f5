#pragma once
// One connection of a registry run: asks for device after device until the run has no more.

#include "http_client_session.hpp"
#include "registry_run.hpp"

namespace restante::fleet {

class RegistrySession final : public HttpClientSession {
  public:
    RegistrySession(RegistryRun& run, std::string host, Ended ended)
        : HttpClientSession(std::move(host), std::move(ended)), run_(run) {}

  private:
    void opened() override { ask(); }
    void answered(const http::Response& response) override {
        run_.judge(*asked_, response);
        ask();
    }
    void ask() {
        asked_ = run_.next();
        if (!asked_) return leave();
        send(run_.request(*asked_));
    }

    RegistryRun& run_;
    std::optional<Member> asked_;
};

}  // namespace restante::fleet
