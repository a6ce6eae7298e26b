/// Certificates that tests sign themselves.
#pragma once

#include <string>

namespace outreachd::test_servers {

struct certificate_pair {
    std::string certificate; ///< PEM, signed by itself, valid for a day.
    std::string private_key; ///< PEM
};

/// `names` as OpenSSL writes alternative names: `DNS:localhost,IP:127.0.0.1`.
certificate_pair make_certificate(const std::string& names);

} // namespace outreachd::test_servers
