#include "wire/cbs.hpp"

#include <gtest/gtest.h>

#include "protocol/amqp/message.hpp"

namespace restante::wire {
namespace {

Bytes answer(amqp::Value status) {
    amqp::Message message;
    message.application_properties.add("status-code", std::move(status));
    return amqp::encode_message(message);
}

TEST(PutToken, SaysWhatItIsFor) {
    const auto request = amqp::decode_message(put_token_request("hub/devices/d", "the token"));
    ASSERT_TRUE(request);
    EXPECT_EQ(request->properties->to, "$cbs");
    EXPECT_EQ(request->application_properties.find("operation")->text(), "put-token");
    EXPECT_EQ(request->application_properties.find("type")->text(),
              "servicebus.windows.net:sastoken");
    EXPECT_EQ(request->application_properties.find("name")->text(), "hub/devices/d");
    EXPECT_EQ(request->value->text(), "the token");
}

TEST(PutToken, IsAnsweredByAStatus) {
    EXPECT_TRUE(read_put_token_answer(answer(std::int32_t{200})));
    EXPECT_TRUE(read_put_token_answer(answer(std::int32_t{202})));
    const auto refusal = [](std::int32_t status) {
        return read_put_token_answer(answer(status)).error().code;
    };
    EXPECT_EQ(refusal(401), ErrorCode::unauthorized);
    EXPECT_EQ(refusal(404), ErrorCode::device_not_found);
    EXPECT_EQ(refusal(500), ErrorCode::service_unavailable);
}

TEST(PutToken, AnsweredWithoutAStatusIsNoAnswer) {
    EXPECT_EQ(read_put_token_answer(answer("200")).error().code, ErrorCode::malformed);
    EXPECT_EQ(read_put_token_answer(to_bytes("?")).error().code, ErrorCode::malformed);
}

}  // namespace
}  // namespace restante::wire
