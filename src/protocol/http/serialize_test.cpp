#include "protocol/http/serialize.hpp"

#include <gtest/gtest.h>

namespace restante::http {
namespace {

TEST(Serialize, EachStatusOfTheHubHasThePhraseOfItsRegistration) {
    const std::pair<int, std::string_view> phrases[] = {{101, "Switching Protocols"},
                                                        {200, "OK"},
                                                        {201, "Created"},
                                                        {202, "Accepted"},
                                                        {204, "No Content"},
                                                        {304, "Not Modified"},
                                                        {400, "Bad Request"},
                                                        {401, "Unauthorized"},
                                                        {403, "Forbidden"},
                                                        {404, "Not Found"},
                                                        {405, "Method Not Allowed"},
                                                        {408, "Request Timeout"},
                                                        {409, "Conflict"},
                                                        {412, "Precondition Failed"},
                                                        {413, "Content Too Large"},
                                                        {415, "Unsupported Media Type"},
                                                        {417, "Expectation Failed"},
                                                        {426, "Upgrade Required"},
                                                        {429, "Too Many Requests"},
                                                        {431, "Request Header Fields Too Large"},
                                                        {500, "Internal Server Error"},
                                                        {501, "Not Implemented"},
                                                        {503, "Service Unavailable"},
                                                        {504, "Gateway Timeout"},
                                                        {505, "HTTP Version Not Supported"}};
    for (const auto& [status, phrase] : phrases) EXPECT_EQ(reason_phrase(status), phrase);
    EXPECT_FALSE(reason_phrase(299).empty()) << "a status line needs some words";
}

}  // namespace
}  // namespace restante::http
