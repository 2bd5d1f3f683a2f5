// Asio's TLS stream, compiled once as the rest of Asio is; only NatsLink uses it.
#include <boost/asio/ssl/impl/src.hpp>
