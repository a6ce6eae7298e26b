/// Looks at the certificate and key before a socket is opened.
#pragma once

#include "daemon/settings/settings.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace outreachd::settings {

/// Above any chain.
inline constexpr std::size_t pem_bytes_max = 1024UL * 1024;

struct certificate_findings {
    std::vector<std::string> certificate_errors;
    std::vector<std::string> certificate_warnings; ///< Expired, not yet valid: serving goes on.
    std::vector<std::string> key_errors;
    std::vector<std::string> key_warnings;
};

/// Reads both files: PEM that can be parsed, a chain whose first certificate fits the key, both strong
/// enough for OpenSSL's security level, the key without a passphrase. Blocks for reading two files.
certificate_findings check_certificate(const tls_files& files);

struct authorities {
    std::string pem;
    std::string problem; ///< Why they can't be used. Empty: they can.
};

/// Reads the CAs that servers are trusted by: at least one certificate in PEM form, and no broken one.
authorities read_authorities(const std::string& path);

/// Why a key can't sign for an app (contract 7.17): it is no RSA key in PEM form, or is short. Empty: it can.
std::string refuse_signing_key(const secret& key);

} // namespace outreachd::settings
