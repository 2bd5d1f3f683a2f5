#include "advice.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace restante::common {
namespace {

TEST(Advice, EveryErrorHasANextStep) {
    for (int code = 0; code <= static_cast<int>(ErrorCode::storage_failed); ++code) {
        const auto hint = hint_of(static_cast<ErrorCode>(code));
        EXPECT_FALSE(hint.empty()) << code;
        EXPECT_FALSE(hint.ends_with('.')) << hint;
    }
}

TEST(Advice, OnlyWhatPassesByItselfIsTransient) {
    for (const auto code :
         {ErrorCode::throttled, ErrorCode::service_unavailable, ErrorCode::server_error,
          ErrorCode::timeout, ErrorCode::connection_failed, ErrorCode::connection_dropped}) {
        EXPECT_TRUE(is_transient(code)) << hint_of(code);
    }
    for (const auto code :
         {ErrorCode::unauthorized, ErrorCode::device_not_found, ErrorCode::precondition_failed,
          ErrorCode::tls_failed, ErrorCode::protocol_error, ErrorCode::argument_invalid}) {
        EXPECT_FALSE(is_transient(code)) << hint_of(code);
    }
}

TEST(Advice, SaysWhomToAskForWhatTheServiceRefuses) {
    EXPECT_THAT(hint_of(ErrorCode::device_not_found), testing::HasSubstr("registry"));
    EXPECT_THAT(hint_of(ErrorCode::device_maximum_queue_depth_exceeded),
                testing::HasSubstr("purge"));
    EXPECT_THAT(hint_of(ErrorCode::tls_failed), testing::HasSubstr("ca.pem"));
}

}  // namespace
}  // namespace restante::common
