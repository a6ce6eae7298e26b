/// An elliptic-curve key, since an RSA key would take a noticeable time to make.
#include "tests/servers/test_certificate.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

namespace outreachd::test_servers {

namespace {

std::string take_text(BIO* from) {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(from, &bytes);
    return {bytes, static_cast<std::size_t>(size)};
}

} // namespace

certificate_pair make_certificate(const std::string& names) {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{EVP_EC_gen("P-256"), EVP_PKEY_free};
    const std::unique_ptr<X509, decltype(&X509_free)> made{X509_new(), X509_free};
    X509* const certificate = made.get();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 24L * 3600);
    X509_set_pubkey(certificate, key.get());
    X509_NAME* const subject = X509_get_subject_name(certificate);
    const auto* const common_name = reinterpret_cast<const unsigned char*>("outreachd test");
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, common_name, -1, -1, 0);
    X509_set_issuer_name(certificate, subject);
    X509V3_CTX context{};
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> alternative_names{
        X509V3_EXT_conf_nid(nullptr, &context, NID_subject_alt_name, names.c_str()), X509_EXTENSION_free};
    X509_add_ext(certificate, alternative_names.get(), -1);
    X509_sign(certificate, key.get(), EVP_sha256());

    const std::unique_ptr<BIO, decltype(&BIO_free)> certificate_text{BIO_new(BIO_s_mem()), BIO_free};
    const std::unique_ptr<BIO, decltype(&BIO_free)> key_text{BIO_new(BIO_s_mem()), BIO_free};
    PEM_write_bio_X509(certificate_text.get(), certificate);
    PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return {take_text(certificate_text.get()), take_text(key_text.get())};
}

} // namespace outreachd::test_servers
