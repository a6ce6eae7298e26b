/// Keys that tests make themselves.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>
#include <string>

namespace outreachd::handlers::outreach::test {

using key_ptr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

inline std::string pem_of(const key_ptr& key, const EVP_CIPHER* cipher = nullptr) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> target{BIO_new(BIO_s_mem()), BIO_free};
    char passphrase[] = "pass";
    PEM_write_bio_PrivateKey(target.get(), key.get(), cipher, nullptr, 0, nullptr,
                             cipher != nullptr ? passphrase : nullptr);
    char* text = nullptr;
    const long size = BIO_get_mem_data(target.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

inline const key_ptr& rsa_key() {
    static const key_ptr key{EVP_RSA_gen(2048), EVP_PKEY_free};
    return key;
}

} // namespace outreachd::handlers::outreach::test
