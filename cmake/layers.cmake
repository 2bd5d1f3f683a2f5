# The architecture, as data: every library, in layer order, with the layers it may include.
# Arrows point down (a layer may also use what its layers use). tools/tidy.py checks each #include.

# words and nouns
restante_layer(base           USES                         LINKS fmt::fmt)
restante_layer(model          USES base)
restante_layer(asio                                        LINKS Boost::headers Threads::Threads)

# decisions
restante_layer(core           USES model)

# memory
restante_layer(store          USES core                    LINKS RocksDB::rocksdb-shared)

# protocols: engines without sockets
restante_layer(protocol/mqtt  USES base)
restante_layer(protocol/amqp  USES base)
restante_layer(protocol/http  USES base                    LINKS Boost::headers)
restante_layer(protocol/websocket USES protocol/http       LINKS OpenSSL::Crypto)

# edges of the model: its spelling on the wire, its proofs, its sockets
restante_layer(wire           USES model protocol/mqtt protocol/amqp protocol/http LINKS Boost::headers)
restante_layer(auth           USES model                   LINKS OpenSSL::Crypto)
restante_layer(net            USES base asio               LINKS OpenSSL::SSL)

# the seam: the one place where asynchrony meets state
restante_layer(hub            USES store core asio)

# edges
restante_layer(gateway/access USES hub wire auth net)
restante_layer(gateway/mqtt   USES gateway/access protocol/mqtt)
restante_layer(gateway/amqp   USES gateway/access protocol/amqp)
restante_layer(gateway/websocket USES gateway/access protocol/websocket)
restante_layer(gateway/http   USES gateway/websocket protocol/http)
restante_layer(sdk/websocket  USES net protocol/websocket)
restante_layer(sdk/common     USES wire net)
restante_layer(sdk/device     USES wire auth sdk/common sdk/websocket protocol/mqtt protocol/amqp
                                   protocol/http)
restante_layer(sdk/service    USES wire auth sdk/common sdk/websocket protocol/amqp protocol/http)

# programs
restante_layer(server         USES gateway/mqtt gateway/amqp gateway/http LINKS CLI11::CLI11)
restante_layer(cli            USES server sdk/device sdk/service LINKS CLI11::CLI11)
