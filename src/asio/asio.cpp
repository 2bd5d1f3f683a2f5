// Boost.Asio, compiled once for every program: the other sources see declarations only
// (BOOST_ASIO_SEPARATE_COMPILATION), which takes seconds off each of them.
#include <boost/asio/impl/src.hpp>
