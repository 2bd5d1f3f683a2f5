#include "protocol/http/serialize.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/text.hpp"
#include "protocol/http/head.hpp"

namespace restante::http {
namespace {

bool belongs_to_the_engine(std::string_view name) {
    return iequals(name, "Content-Length") || iequals(name, "Transfer-Encoding") ||
           iequals(name, "Connection");
}

void append_field(Bytes& out, std::string_view name, std::string_view value) {
    if (!is_token(name)) return;
    append(out, name);
    append(out, ": ");
    std::transform(value.begin(), value.end(), std::back_inserter(out), [](char c) {
        return is_control(c) ? std::uint8_t{' '} : static_cast<std::uint8_t>(c);
    });
    append(out, "\r\n");
}

void append_fields(Bytes& out, const Headers& headers) {
    for (const Header& header : headers) {
        if (!belongs_to_the_engine(header.name)) append_field(out, header.name, header.value);
    }
}

void append_status_line(Bytes& out, int status) {
    append(out, fmt::format("HTTP/1.1 {} {}\r\n", status, reason_phrase(status)));
}

/// Methods whose meaning includes a body say so even when it is empty [RFC 9110 8.6].
bool announces_empty_body(std::string_view method) {
    return method == "POST" || method == "PUT" || method == "PATCH";
}

}  // namespace

void append_response(Bytes& out, const Response& response, ConnectionField connection,
                     bool to_head_request) {
    const bool bodiless = response.status == 204 || response.status == 304;
    append_status_line(out, response.status);
    append_fields(out, response.headers);
    if (!bodiless) append_field(out, "Content-Length", fmt::to_string(response.body.size()));
    if (connection != ConnectionField::none) {
        append_field(out, "Connection",
                     connection == ConnectionField::close ? "close" : "keep-alive");
    }
    append(out, "\r\n");
    if (!bodiless && !to_head_request) append(out, response.body);
}

void append_upgrade(Bytes& out, const Response& response) {
    append_status_line(out, 101);
    for (const Header& header : response.headers) append_field(out, header.name, header.value);
    append(out, "\r\n");
}

void append_request(Bytes& out, const Request& request, std::string_view host) {
    append(out, fmt::format("{} {} HTTP/1.1\r\n", request.method, request.target));
    if (request.headers.count("Host") == 0) append_field(out, "Host", host);
    append_fields(out, request.headers);
    if (!request.body.empty() || announces_empty_body(request.method)) {
        append_field(out, "Content-Length", fmt::to_string(request.body.size()));
    }
    append(out, "\r\n");
    append(out, request.body);
}

std::string_view reason_phrase(int status) {
    switch (status) {
        case 101:
            return "Switching Protocols";
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 304:
            return "Not Modified";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 412:
            return "Precondition Failed";
        case 413:
            return "Content Too Large";
        case 415:
            return "Unsupported Media Type";
        case 417:
            return "Expectation Failed";
        case 426:
            return "Upgrade Required";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        case 505:
            return "HTTP Version Not Supported";
        default:
            return "Status";
    }
}

}  // namespace restante::http
