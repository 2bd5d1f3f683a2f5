#pragma once
// A node that hands out what the hub has locked for it: a device's messages, a service's feedback.
//
//     credit, hint ─▶ fetch ─▶ hub ─▶ transfer ─▶ disposition ─▶ hub ─▶ (settling disposition)
//
// Nothing is locked before the peer has given credit for it, and no more than `window` is out at
// once. A peer that settles in the second mode hears what became of its decision, once that is on
// disk; one that settled already hears nothing.

#include <unordered_map>
#include <vector>

#include "gateway/amqp/amqp_context.hpp"

namespace restante::gateway {

class SourceNode : public LinkNode {
  public:
    /// Deliveries one link may hold whose locks have not ended: a device queue's usual depth.
    static constexpr std::size_t window = 50;

    SourceNode(AmqpContext& context, const amqp::AttachRequested& attach);

    void on_credit(const amqp::CreditGranted& event) override;
    void on_disposition(amqp::DispositionReceived&& event) override;
    void fetch() override;

    /// There may be something to hand out.
    void available();

  protected:
    /// Something locked, as it goes out.
    struct Outgoing {
        model::LockToken token;
        SteadyTime locked_until;
        Bytes payload;
    };
    /// Asks the hub for up to `max`; the answer goes to received().
    virtual void ask(std::size_t max) = 0;
    enum class Decision : std::uint8_t { complete, abandon, reject };
    virtual void settle(Decision decision, model::LockToken token, hub::Answer<void> answer) = 0;

    void received(std::vector<Outgoing> items);

  private:
    struct Sent {
        model::LockToken token;
        SteadyTime locked_until;
    };

    std::size_t held() const;
    void send(const Outgoing& item);

    const bool sends_settled_;
    std::uint32_t credit_ = 0;
    std::size_t asked_ = 0;  ///< of the fetch under way
    bool maybe_more_ = true;
    std::unordered_map<std::uint32_t, Sent> sent_;  ///< by delivery id, until the peer decides
};

}  // namespace restante::gateway
