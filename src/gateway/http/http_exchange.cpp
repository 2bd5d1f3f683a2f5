#include "gateway/http/http_exchange.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace restante::gateway {
namespace {

/// Of a path in the log. A device's path, fully escaped, has less than 400.
constexpr std::size_t logged_path_bytes_max = 400;

/// "Mon, 23 Nov 2026 14:05:06 GMT" [RFC 9110 5.6.7].
std::string http_date(WallTime time) {
    return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT",
                       std::chrono::floor<std::chrono::seconds>(time));
}

}  // namespace

HttpExchange::HttpExchange(HttpConnection& connection, http::Request request)
    : connection_(connection),
      request_(std::move(request)),
      target_(http::Target::parse(request_.target)),
      tracking_{.id = Uuid::random(), .at = connection.now.wall} {}

void HttpExchange::respond(int status) {
    send({.status = status, .headers = {}, .body = {}});
}

void HttpExchange::respond(int status, http::Headers headers, Bytes body) {
    send({.status = status, .headers = std::move(headers), .body = std::move(body)});
}

void HttpExchange::respond_json(int status, std::string_view json, http::Headers headers) {
    headers.add("Content-Type", "application/json; charset=utf-8");
    respond(status, std::move(headers), to_bytes(json));
}

void HttpExchange::fail(const Error& error, http::Headers headers) {
    answer_failure(error, wire::http_error_body(error, tracking_), std::move(headers));
}

void HttpExchange::fail_flat(const Error& error) {
    answer_failure(error, wire::flat_error_body(error, tracking_), {});
}

void HttpExchange::answer_failure(const Error& error, std::string_view body,
                                  http::Headers headers) {
    const auto& row = wire::error_row(error.code);
    access().log().info("request_failed", {{"protocol", "https"},
                                           {"peer", connection_.peer.address},
                                           {"request", place()},
                                           {"id", tracking_.id.to_string()},
                                           {"code", row.name},
                                           {"reason", error.message}});
    headers.add(std::string(wire::http_error_header), std::string(row.name));
    respond_json(row.http_status, body, std::move(headers));
}

void HttpExchange::refuse(std::string_view who, const Error& reason) {
    access().log_refusal("https", connection_.peer, who,
                         Error(reason.code, fmt::format("{} ({}, request id {})", reason.message,
                                                        place(), tracking_.id.to_string())));
    const Error told(ErrorCode::unauthorized, "Unauthorized");
    const auto& row = wire::error_row(told.code);
    respond_json(row.http_status, wire::http_error_body(told, tracking_),
                 {{std::string(wire::http_error_header), std::string(row.name)}});
}

void HttpExchange::refuse_upgrade(int status, const Error& reason, http::Headers headers) {
    access().log_refusal("websocket", connection_.peer, "",
                         Error(reason.code, fmt::format("{} ({}, request id {})", reason.message,
                                                        place(), tracking_.id.to_string())));
    headers.add(std::string(wire::http_error_header),
                std::string(wire::error_row(reason.code).name));
    respond_json(status, wire::http_error_body(reason, tracking_), std::move(headers));
}

void HttpExchange::upgrade(const http::Response& response, std::unique_ptr<net::Session> session) {
    connection_.engine.upgrade(response);
    connection_.upgraded = std::move(session);
}

void HttpExchange::send(http::Response response) {
    response.headers.add("Date", http_date(connection_.now.wall));
    // Identities hold keys, messages are a device's own: nothing on the way may keep a copy.
    response.headers.add("Cache-Control", "no-store");
    response.headers.add("x-ms-request-id", tracking_.id.to_string());
    connection_.engine.respond(response, connection_.now.steady);
}

std::string HttpExchange::place() const {
    return fmt::format("{} {}", request_.method, target_.path.substr(0, logged_path_bytes_max));
}

}  // namespace restante::gateway
