#include "daemon/settings/certificate_check.hpp"

#include "daemon/crypto/secret.hpp"
#include "daemon/settings/bounded_file.hpp"
#include "daemon/settings/findings.hpp"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <utility>
#include <vector>

namespace outreachd::settings {

namespace {

template <auto Release>
struct released {
    template <typename T>
    void operator()(T* handle) const noexcept {
        Release(handle);
    }
};

using bio = std::unique_ptr<BIO, released<BIO_free_all>>;
using x509 = std::unique_ptr<X509, released<X509_free>>;
using private_key = std::unique_ptr<EVP_PKEY, released<EVP_PKEY_free>>;
using ssl_context = std::unique_ptr<SSL_CTX, released<SSL_CTX_free>>;

/// OpenSSL's own words for what failed last; its error queue is empty afterwards.
std::string last_reason() {
    const unsigned long code = ERR_peek_last_error();
    const char* const reason = ERR_reason_error_string(code);
    std::string text = reason == nullptr ? "OpenSSL names no reason" : reason;
    ERR_clear_error();
    return text;
}

/// The same to put behind a message, where it says more than that there is no such block.
std::string why_not_pem() {
    const int reason = ERR_GET_REASON(ERR_peek_last_error());
    const std::string text = last_reason();
    return reason == PEM_R_NO_START_LINE || reason == ERR_R_UNSUPPORTED ? "" : ": " + text;
}

bio open(const std::string& text) {
    return bio{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

/// Notes that a passphrase was asked for, and gives none: the default would ask on the terminal.
int refuse_passphrase(char*, int, int, void* was_asked) {
    *static_cast<bool*>(was_asked) = true;
    return -1;
}

std::string time_text(const ASN1_TIME* time) {
    const bio out{BIO_new(BIO_s_mem())};
    if (!out || ASN1_TIME_print(out.get(), time) != 1)
        return "an unreadable time";
    char* text = nullptr;
    const long length = BIO_get_mem_data(out.get(), &text);
    return std::string(text, static_cast<std::size_t>(length));
}

struct chain {
    x509 own;
    std::vector<x509> others;
};

chain read_chain(const tls_files& files, certificate_findings& found) {
    const file_contents contents = read_file(files.certificate, pem_bytes_max, file_kind::regular);
    if (!contents.problem.empty()) {
        found.certificate_errors.push_back(contents.problem);
        return {};
    }
    const bio in = open(contents.text);
    chain read{x509{PEM_read_bio_X509_AUX(in.get(), nullptr, nullptr, nullptr)}, {}};
    if (!read.own) {
        found.certificate_errors.push_back(in_quotes(files.certificate) +
                                           " holds no certificate in PEM form" + why_not_pem());
        return {};
    }
    while (x509 next{PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)})
        read.others.push_back(std::move(next));
    // The loop ends where no further certificate begins; anything else is a broken one.
    if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        found.certificate_errors.push_back(in_quotes(files.certificate) +
                                           " holds a broken certificate after the first: " + last_reason());
    ERR_clear_error();
    return read;
}

private_key read_key(const tls_files& files, certificate_findings& found) {
    file_contents contents = read_file(files.private_key, pem_bytes_max, file_kind::regular);
    const secret wiped{std::move(contents.text)};
    if (!contents.problem.empty()) {
        found.key_errors.push_back(contents.problem);
        return nullptr;
    }
    if (contents.is_open_to_others)
        found.key_warnings.push_back("every user of this machine can read or change " +
                                     in_quotes(files.private_key) + "; chmod o-rwx it");
    const bio in = bio{BIO_new_mem_buf(wiped.reveal().data(), static_cast<int>(wiped.reveal().size()))};
    bool was_asked = false;
    private_key key{PEM_read_bio_PrivateKey(in.get(), nullptr, refuse_passphrase, &was_asked)};
    if (key)
        return key;
    const std::string reason = why_not_pem();
    found.key_errors.push_back(
        was_asked
            ? in_quotes(files.private_key) + " has a passphrase, which nobody could type at start; remove it "
                                             "with: openssl pkey -in OLD -out NEW"
            : in_quotes(files.private_key) + " holds no private key in PEM form" + reason);
    return nullptr;
}

void check_dates(const tls_files& files, const X509& certificate, certificate_findings& found) {
    const ASN1_TIME* const ends = X509_get0_notAfter(&certificate);
    const ASN1_TIME* const begins = X509_get0_notBefore(&certificate);
    if (X509_cmp_current_time(ends) < 0)
        found.certificate_warnings.push_back(in_quotes(files.certificate) + " expired on " + time_text(ends) +
                                             "; it is served, and senders that check it won't connect");
    if (X509_cmp_current_time(begins) > 0)
        found.certificate_warnings.push_back(in_quotes(files.certificate) + " is valid from " +
                                             time_text(begins) + " only");
}

} // namespace

certificate_findings check_certificate(const tls_files& files) {
    ERR_clear_error();
    certificate_findings found;
    const auto [certificate, others] = read_chain(files, found);
    const private_key key = read_key(files, found);
    if (certificate)
        check_dates(files, *certificate, found);
    if (certificate && key && X509_check_private_key(certificate.get(), key.get()) != 1) {
        found.key_errors.push_back(in_quotes(files.private_key) + " is not the key of " +
                                   in_quotes(files.certificate) + ": " + last_reason());
        return found;
    }
    // A context refuses what is too weak for its security level, as the listener's would at start.
    const ssl_context context{SSL_CTX_new(TLS_server_method())};
    if (context && certificate && SSL_CTX_use_certificate(context.get(), certificate.get()) != 1)
        found.certificate_errors.push_back(in_quotes(files.certificate) + " can't be used: " + last_reason());
    for (const x509& one : others)
        if (context && SSL_CTX_add1_chain_cert(context.get(), one.get()) != 1)
            found.certificate_errors.push_back(
                in_quotes(files.certificate) +
                " holds a certificate after the first that can't be used: " + last_reason());
    if (context && key && found.certificate_errors.empty() &&
        SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1)
        found.key_errors.push_back(in_quotes(files.private_key) + " can't be used: " + last_reason());
    ERR_clear_error();
    return found;
}

std::string refuse_signing_key(const secret& key) {
    constexpr int bits_min = 2048;
    ERR_clear_error();
    const bio in = bio{BIO_new_mem_buf(key.reveal().data(), static_cast<int>(key.reveal().size()))};
    bool was_asked = false;
    const private_key read{PEM_read_bio_PrivateKey(in.get(), nullptr, refuse_passphrase, &was_asked)};
    ERR_clear_error();
    if (!read)
        return was_asked
                   ? "the key has a passphrase, which nobody could type at start; remove it with: openssl "
                     "pkey -in OLD -out NEW"
                   : "is no private key in PEM form";
    if (EVP_PKEY_get_base_id(read.get()) != EVP_PKEY_RSA)
        return "is no RSA key, and RS256 is what Outreach takes";
    if (EVP_PKEY_get_bits(read.get()) < bits_min)
        return "is shorter than 2048 bits";
    return {};
}

authorities read_authorities(const std::string& path) {
    ERR_clear_error();
    file_contents contents = read_file(path, pem_bytes_max, file_kind::regular);
    if (!contents.problem.empty())
        return {{}, contents.problem};
    const bio in = open(contents.text);
    std::size_t count = 0;
    while (const x509 next{PEM_read_bio_X509_AUX(in.get(), nullptr, nullptr, nullptr)})
        ++count;
    const bool is_at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    const std::string reason = last_reason();
    if (!is_at_end)
        return {{}, in_quotes(path) + " holds a broken certificate: " + reason};
    if (count == 0)
        return {{}, in_quotes(path) + " holds no certificate in PEM form"};
    return {std::move(contents.text), {}};
}

} // namespace outreachd::settings
