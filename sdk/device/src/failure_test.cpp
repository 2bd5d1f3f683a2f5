#include "failure.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "restante/device/exceptions.hpp"

namespace restante::device {
namespace {

using testing::HasSubstr;

template <class Exception>
Exception thrown(const Failure& failure) {
    try {
        std::rethrow_exception(to_exception(failure));
    } catch (const Exception& error) {
        return error;
    }
}

Failure said(ErrorCode code, std::uint32_t number) {
    return failure_of_hub(Error(code, "no"), false, number);
}

TEST(Failure, WhatTheHubSaysOfADeviceKeepsItsNumber) {
    const auto error = thrown<CredentialError>(said(ErrorCode::device_not_found, 404001));
    EXPECT_EQ(error.code(), 404001);
    EXPECT_FALSE(error.retryable());
    EXPECT_THAT(error.hint(), HasSubstr("registry"));
    EXPECT_THAT(error.what(), testing::StartsWith("Credentials invalid, could not connect: no;"));
}

TEST(Failure, ABusyHubMayBeTriedAgain) {
    const auto error = thrown<ConnectionFailedError>(said(ErrorCode::throttled, 429001));
    EXPECT_EQ(error.code(), 429001);
    EXPECT_TRUE(error.retryable());
    EXPECT_THAT(error.hint(), HasSubstr("lower rate"));
}

TEST(Failure, WhatNoHubSaidHasNoNumber) {
    const auto error =
        thrown<OperationTimeout>(failure_of(Error(ErrorCode::timeout, "silent"), false));
    EXPECT_EQ(error.code(), 0);
    EXPECT_TRUE(error.retryable());
    EXPECT_STREQ(error.what(), "Could not complete operation before timeout: silent");
}

TEST(Failure, EachKindHasAHint) {
    for (int kind = 0; kind <= static_cast<int>(FailureKind::shut_down); ++kind) {
        const auto error = thrown<RestanteError>({static_cast<FailureKind>(kind), "why"});
        EXPECT_FALSE(error.hint().empty()) << error.what();
    }
}

TEST(Failure, AWrongCallIsNotWorthRepeating) {
    const auto error = thrown<ClientError>({FailureKind::misused, "Cannot do both"});
    EXPECT_STREQ(error.what(), "Cannot do both");
    EXPECT_FALSE(error.retryable());
    EXPECT_THAT(thrown<NoConnectionError>({FailureKind::not_connected, ""}).hint(),
                HasSubstr("connect()"));
}

}  // namespace
}  // namespace restante::device
