/// Asio's TLS streams, compiled once: nothing but the sandbox uses them.
#include <boost/asio/ssl/impl/src.hpp>
