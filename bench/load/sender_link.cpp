#include "sender_link.hpp"

#include "amqp_link.hpp"
#include "mqtt_link.hpp"
#include "nats_link.hpp"

namespace restante::load {
namespace {

template <class Link>
SenderLink& connect(Broker& broker, Broker::Port port, std::unique_ptr<Link> link) {
    Link& connecting = *link;
    connecting.use(broker.connect(port, std::move(link)));
    return connecting;
}

}  // namespace

SenderLink& open_link(Broker& broker, const Options& options, std::size_t window,
                      SenderOwner& owner) {
    switch (options.sender) {
        case Sender::amqp:
            return connect(broker, Broker::Port::amqp,
                           std::make_unique<AmqpLink>(broker, options.amqp_target, window, owner));
        case Sender::mqtt:
            return connect(broker, Broker::Port::mqtt, std::make_unique<MqttLink>(window, owner));
        case Sender::nats:
            break;
    }
    const auto link = std::make_shared<NatsLink>(broker, options, window, owner);
    link->start();
    return *link;
}

std::string topic_of(const Member& member) {
    return "devices/" + member.name() + "/messages/devicebound/x";
}

}  // namespace restante::load
