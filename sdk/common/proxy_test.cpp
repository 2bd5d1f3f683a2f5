#include "proxy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace restante::common {
namespace {

using testing::HasSubstr;

ProxyOptions valid() {
    ProxyOptions options;
    options.proxy_type = ProxyType::SOCKS5;
    options.proxy_address = "proxy.example";
    options.proxy_port = 1080;
    options.proxy_username = "ann";
    options.proxy_password = "secret";
    return options;
}

std::string refusal(const ProxyOptions& options) {
    try {
        to_proxy(options);
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "";
}

TEST(ProxyOptions, WithoutAnAddressThereIsNoProxy) {
    EXPECT_FALSE(to_proxy({}));
}

TEST(ProxyOptions, AreTakenOver) {
    const auto proxy = to_proxy(valid());
    ASSERT_TRUE(proxy);
    EXPECT_EQ(proxy->type, net::ProxyType::socks5);
    EXPECT_EQ(proxy->host, "proxy.example");
    EXPECT_EQ(proxy->port, 1080);
    EXPECT_EQ(proxy->user_name, "ann");
    EXPECT_EQ(proxy->password, "secret");
}

TEST(ProxyOptions, WhatCannotBeUsedIsNamedWithoutThePassword) {
    auto options = valid();
    options.proxy_port = 0;
    EXPECT_THAT(refusal(options), HasSubstr("proxy_port"));
    options = valid();
    options.proxy_address = "";
    EXPECT_THAT(refusal(options), HasSubstr("proxy_address"));
    options.proxy_address = "proxy\r\nevil";
    EXPECT_THAT(refusal(options), HasSubstr("proxy_address"));
    options = valid();
    options.proxy_username = "";
    EXPECT_THAT(refusal(options), HasSubstr("proxy_username"));
    options = valid();
    options.proxy_password = "";
    EXPECT_THAT(refusal(options), HasSubstr("proxy_password"));
    options.proxy_password = std::string(256, 'p');
    EXPECT_EQ(refusal(options).find("ppp"), std::string::npos);
    EXPECT_THAT(refusal(options), HasSubstr("255"));
    options = valid();
    options.proxy_type = ProxyType::HTTP;
    options.proxy_username = "ann:b";
    EXPECT_THAT(refusal(options), HasSubstr("colon"));
}

}  // namespace
}  // namespace restante::common
