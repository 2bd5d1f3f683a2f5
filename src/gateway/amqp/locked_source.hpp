#pragma once
// A link on which the hub hands out what its receiver must settle: messages for a device, feedback
// for a service.
//
//     wake, credit ─▶ fetch ─▶ Hub, which locks ─▶ [held] ─▶ sent ─▶ disposition ─▶ Hub, settled
//
// Nothing is fetched that the peer gave no credit for. What came for credit that is gone by then
// (a drain, a full session window) is held until there is some, or until its lock ends. A delivery
// stays known until the peer settles it, also past the end of its lock: the peer then hears so.
//
// One for each link; see link_node.hpp for its life.

#include <deque>
#include <unordered_map>
#include <vector>

#include "gateway/amqp/amqp_context.hpp"

namespace restante::gateway {

class LockedSource : public LinkNode {
  public:
    /// Things out on one link whose locks run. A device's whole queue fits.
    static constexpr std::size_t window = 50;

    ~LockedSource() override;

    void on_credit(const amqp::CreditGranted& event) override;
    void on_disposition(amqp::DispositionReceived&& event) override;
    void fetch() override;

    /// There may be something to receive.
    void wake();

    /// One thing to send, encoded.
    struct Item {
        model::LockToken token;
        SteadyTime locked_until;
        Bytes payload;
    };
    /// The answer to receive().
    void received(std::vector<Item> items);

  protected:
    /// `settled`: the peer wants its deliveries settled when they are sent.
    LockedSource(AmqpContext& context, amqp::LinkId link, bool settled)
        : LinkNode(context, link), settled_(settled) {}

    enum class Outcome : std::uint8_t { complete, abandon, reject };

    /// Asks the hub for up to `max` things; received() is called with them.
    virtual void receive(std::size_t max) = 0;
    virtual void settle(model::LockToken token, Outcome outcome, hub::Answer<void> answer) = 0;
    /// Who receives, for the log.
    virtual std::string_view who() const = 0;

  private:
    struct Sent {
        model::LockToken token;
        SteadyTime locked_until;
    };

    static std::optional<Outcome> outcome_of(const amqp::DispositionReceived& event);
    void wait_for_turn();
    std::size_t room() const;
    void send_held();
    void send(const Item& item);
    void finish_drain();

    const bool settled_;
    std::uint32_t credit_ = 0;  ///< at most what the peer has granted
    bool draining_ = false;
    bool fetching_ = false;
    bool maybe_more_ = true;
    std::size_t asked_ = 0;  ///< of the fetch under way
    std::deque<Item> held_;
    std::unordered_map<amqp::DeliveryId, Sent> sent_;  ///< bounded by the engine
};

}  // namespace restante::gateway
