#pragma once
// A hub with its REST API, and clients that speak HTTP to it without a socket: a fixture.

#include <algorithm>
#include <charconv>

#include "gateway/http/http_session.hpp"
#include "support/test_hub.hpp"

namespace restante::test {

struct Reply {
    int status = 0;
    http::Headers headers;
    std::string body;

    std::string header(std::string_view name) const {
        return std::string(headers.find(name).value_or("(none)"));
    }
};

class RestTest : public TestHub {
  protected:
    /// One HTTP connection.
    class Client {
      public:
        explicit Client(const RestTest& test)
            : harness(std::make_unique<gateway::HttpSession>(test.access, test.websockets),
                      test.clock) {}

        /// The next answer, whole; status 0 when none came.
        Reply read() {
            const bool came = harness.wait_until([this] { return complete() || harness.ended(); });
            EXPECT_TRUE(came && complete()) << "no answer; so far: " << as_text(harness.output());
            if (!complete()) return {};
            const std::string text(as_text(harness.output()));
            const auto end = text.find("\r\n\r\n") + 4;
            Reply reply;
            std::from_chars(text.data() + 9, text.data() + 12, reply.status);
            for (const auto line : split(text.substr(0, end - 4), '\n')) {
                const auto colon = line.find(": ");
                if (colon == std::string_view::npos) continue;
                auto value = line.substr(colon + 2);
                if (value.ends_with('\r')) value.remove_suffix(1);
                reply.headers.add(std::string(line.substr(0, colon)), std::string(value));
            }
            reply.body = text.substr(end, length_of_body());
            auto& output = harness.output();
            output.erase(output.begin(),
                         output.begin() + static_cast<std::ptrdiff_t>(end + reply.body.size()));
            return reply;
        }

        SessionHarness harness;

      private:
        bool complete() {
            const auto end = as_text(harness.output()).find("\r\n\r\n");
            return end != std::string_view::npos &&
                   harness.output().size() >= end + 4 + length_of_body();
        }
        std::size_t length_of_body() {
            const std::string_view text = as_text(harness.output());
            constexpr std::string_view name = "\r\nContent-Length: ";
            const auto at = text.substr(0, text.find("\r\n\r\n")).find(name);
            std::size_t length = 0;
            if (at == std::string_view::npos) return length;
            std::from_chars(text.data() + at + name.size(), text.data() + text.size(), length);
            return length;
        }
    };

    gateway::WebSocketProtocols websockets;  ///< none, unless a test adds some

    /// A request as bytes; `token` empty leaves the Authorization header out.
    static std::string request(std::string_view line, std::string_view token,
                               std::string_view body = {}, const http::Headers& headers = {}) {
        std::string text = fmt::format("{} HTTP/1.1\r\nHost: {}\r\n", line, hostname);
        if (!token.empty()) text += fmt::format("Authorization: {}\r\n", token);
        for (const auto& header : headers) {
            text += fmt::format("{}: {}\r\n", header.name, header.value);
        }
        if (!body.empty()) text += fmt::format("Content-Length: {}\r\n", body.size());
        return fmt::format("{}\r\n{}", text, body);
    }

    /// One request on a connection of its own.
    Reply call(std::string_view line, std::string_view token, std::string_view body = {},
               const http::Headers& headers = {}) {
        Client client(*this);
        client.harness.receive(request(line, token, body, headers));
        return client.read();
    }
    Reply call_as_owner(std::string_view line, std::string_view body = {},
                        const http::Headers& headers = {}) {
        return call(line, policy_token("iothubowner"), body, headers);
    }

    /// The body that goes with an error, its tracking id that of the reply.
    static std::string error_body(std::string_view name, std::string_view text,
                                  const Reply& reply) {
        std::string id;
        for (const char c : reply.header("x-ms-request-id")) {
            if (c != '-') id += c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
        }
        return fmt::format(
            R"({{"Message":"ErrorCode:{};{}","ExceptionMessage":"Tracking ID:{}-G2:-TimeStamp:)"
            R"(2026-11-23T00:00:00.0000000Z"}})",
            name, text, id);
    }
    static void expect_error(const Reply& reply, int status, std::string_view name,
                             std::string_view text) {
        EXPECT_EQ(reply.status, status);
        EXPECT_EQ(reply.header("iothub-errorcode"), name);
        EXPECT_EQ(reply.header("Content-Type"), "application/json; charset=utf-8");
        EXPECT_EQ(reply.body, error_body(name, text, reply));
    }
    static void expect_unauthorized(const Reply& reply) {
        expect_error(reply, 401, "IotHubUnauthorizedAccess", "Unauthorized");
    }
};

}  // namespace restante::test
