"""The brokers that Restante is measured beside, each started for one run and gone after it."""

from .mosquitto import Mosquitto
from .nats import Nats, NatsSynced
from .rabbitmq import RabbitMq, RabbitMqQuorum
from .restante import Restante

PEERS = {peer.name: peer
         for peer in (Restante, Mosquitto, RabbitMq, RabbitMqQuorum, Nats, NatsSynced)}
