#pragma once
// HTTPS requests for which the service SDK has no operation: a device's own, and Restante's.

#include "cli/login.hpp"
#include "protocol/http/message.hpp"
#include "sdk/service/src/service_account.hpp"

namespace restante::cli {

class HubCall {
  public:
    /// With the rights of the login's policy. Throws std::invalid_argument.
    static HubCall as_service(Login::Hub hub);

    /// As the device whose connection string the login is. Throws std::invalid_argument.
    static HubCall as_device(Login::Hub hub);

    /// Throws IoTHubError for every answer that is not 2xx, and when none comes.
    http::Response send(http::Request request);

  private:
    explicit HubCall(std::unique_ptr<service::ServiceAccount> account)
        : account_(std::move(account)) {}

    std::unique_ptr<service::ServiceAccount> account_;
};

}  // namespace restante::cli
