#include "tests/unit/ingress/test_certificate.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdio>
#include <memory>
#include <stdexcept>

namespace outreachd::ingress {
namespace {

using key_pointer = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using certificate_pointer = std::unique_ptr<X509, decltype(&X509_free)>;
using file_pointer = std::unique_ptr<std::FILE, decltype(&std::fclose)>;

constexpr long lifetime_s = 24 * 60 * 60;

void require(bool holds) {
    if (!holds)
        throw std::runtime_error("OpenSSL can't make a test certificate");
}

file_pointer open_for_writing(const std::string& path) {
    file_pointer file(std::fopen(path.c_str(), "w"), &std::fclose);
    require(file != nullptr);
    return file;
}

key_pointer make_key(key_kind kind = key_kind::ec) {
    return {kind == key_kind::rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"), &EVP_PKEY_free};
}

} // namespace

settings::tls_files make_test_certificate(const scratch_directory& where, const std::string& name,
                                          key_kind kind) {
    const key_pointer key = make_key(kind);
    const certificate_pointer certificate(X509_new(), &X509_free);
    X509_NAME* const subject = X509_get_subject_name(certificate.get());
    require(X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
            ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1) == 1 &&
            X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0) != nullptr &&
            X509_gmtime_adj(X509_getm_notAfter(certificate.get()), lifetime_s) != nullptr &&
            X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                       reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0) == 1 &&
            X509_set_issuer_name(certificate.get(), subject) == 1 &&
            X509_set_pubkey(certificate.get(), key.get()) == 1 &&
            X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);

    const settings::tls_files files{where.file(name + ".crt"), where.file(name + ".key")};
    require(PEM_write_X509(open_for_writing(files.certificate).get(), certificate.get()) == 1);
    require(PEM_write_PrivateKey(open_for_writing(files.private_key).get(), key.get(), nullptr, nullptr, 0,
                                 nullptr, nullptr) == 1);
    return files;
}

std::string make_encrypted_key(const scratch_directory& where, const std::string& name) {
    const std::string path = where.file(name);
    const key_pointer key = make_key();
    unsigned char passphrase[] = "guess";
    require(PEM_write_PrivateKey(open_for_writing(path).get(), key.get(), EVP_aes_128_cbc(), passphrase, 5,
                                 nullptr, nullptr) == 1);
    return path;
}

} // namespace outreachd::ingress
