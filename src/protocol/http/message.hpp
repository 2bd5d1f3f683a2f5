#pragma once
// What travels over HTTP, as plain values: header fields, requests, responses.

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace restante::http {

struct Header {
    std::string name;
    std::string value;

    bool operator==(const Header&) const = default;
};

/// Header fields in the order of the wire; names compare without case.
class Headers {
  public:
    Headers() = default;
    Headers(std::initializer_list<Header> headers) : headers_(headers) {}

    void add(std::string name, std::string value) {
        headers_.push_back({std::move(name), std::move(value)});
    }

    /// The value of the first field of that name.
    std::optional<std::string_view> find(std::string_view name) const;
    std::size_t count(std::string_view name) const;

    /// Whether a comma-separated list under `name` (in one field or several) holds `token`,
    /// whatever its case: `Connection: keep-alive, Upgrade`.
    bool has_token(std::string_view name, std::string_view token) const;

    auto begin() const { return headers_.begin(); }
    auto end() const { return headers_.end(); }
    std::size_t size() const { return headers_.size(); }
    bool empty() const { return headers_.empty(); }
    bool operator==(const Headers&) const = default;

  private:
    std::vector<Header> headers_;
};

struct Request {
    std::string method;
    std::string target;  ///< as on the wire, from the slash on; Target takes it apart
    Headers headers;
    Bytes body;

    bool operator==(const Request&) const = default;
};

struct Response {
    int status = 200;
    Headers headers;
    Bytes body;

    bool operator==(const Response&) const = default;
};

}  // namespace restante::http
