/// A certificate and key for `localhost`, made for a test.
#pragma once

#include "daemon/settings/settings.hpp"
#include "tests/unit/ingress/scratch_directory.hpp"

#include <string>

namespace outreachd::ingress {

enum class key_kind { ec, rsa };

/// Writes NAME.crt and NAME.key to `where`: P-256 or RSA, signed by itself, good for a day.
settings::tls_files make_test_certificate(const scratch_directory& where, const std::string& name,
                                          key_kind kind = key_kind::ec);

/// A P-256 key, encrypted with a passphrase; gives the file's path.
std::string make_encrypted_key(const scratch_directory& where, const std::string& name);

} // namespace outreachd::ingress
