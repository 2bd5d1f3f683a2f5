#pragma once
// What a client says once TLS stands, until it is ready. One conversation serves all clients. What
// it must know of one of them is a number, the stage, or lies with it under the client's number.

#include <cstdint>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace restante::storm {

struct Turn {
    std::size_t consumed = 0;  ///< 0: not a whole answer yet
    std::uint8_t stage = 0;    ///< from now on
    Bytes say{};
    bool ready = false;
};

class Conversation {
  public:
    virtual ~Conversation() = default;

    /// Makes what it can for clients 1 to `count` ahead of the time that is measured.
    virtual void prepare(std::size_t) {}
    virtual Bytes open(std::size_t number) = 0;
    /// Errors: of the codec, unauthorized, protocol_error.
    virtual Result<Turn> hear(std::size_t number, std::uint8_t stage, BytesView heard) = 0;
    /// Only behind open().
    virtual Bytes farewell(std::size_t number) = 0;
};

/// One byte there and back.
class EchoOnce final : public Conversation {
  public:
    Bytes open(std::size_t) override { return {'?'}; }
    Result<Turn> hear(std::size_t, std::uint8_t, BytesView heard) override {
        return Turn{.consumed = heard.size(), .ready = true};
    }
    Bytes farewell(std::size_t) override { return {}; }
};

}  // namespace restante::storm
