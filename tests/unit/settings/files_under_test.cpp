#include "tests/unit/settings/files_under_test.hpp"

#include "daemon/expression/engine.hpp"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>

#include <sys/stat.h>

namespace outreachd::settings::test {

namespace {

using bio = std::unique_ptr<BIO, decltype(&BIO_free_all)>;
using private_key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

std::string text_of(const bio& out) {
    char* text = nullptr;
    const long length = BIO_get_mem_data(out.get(), &text);
    return std::string(text, static_cast<std::size_t>(length));
}

bio memory() {
    return {BIO_new(BIO_s_mem()), BIO_free_all};
}

} // namespace

temporary_folder::temporary_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "outreachd-settings-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
        throw std::runtime_error("no temporary folder");
    path_ = name;
}

temporary_folder::~temporary_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string temporary_folder::write(std::string_view name, std::string_view text) const {
    const std::string full = path(name);
    std::ofstream{full, std::ios::binary} << text;
    ::chmod(full.c_str(), 0600);
    return full;
}

variable::variable(std::string name, const std::string& value) : name_(std::move(name)) {
    ::setenv(name_.c_str(), value.c_str(), 1);
}

variable::~variable() {
    ::unsetenv(name_.c_str());
}

certificate make_certificate(validity when, bool is_weak) {
    const private_key key{is_weak ? EVP_RSA_gen(512) : EVP_EC_gen("P-256"), EVP_PKEY_free};
    const std::unique_ptr<X509, decltype(&X509_free)> made{X509_new(), X509_free};
    constexpr long day_seconds = 86'400;
    const long begin = when == validity::over ? -2 : when == validity::to_come ? 1 : -1;
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), begin * day_seconds);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), (begin + (when == validity::over ? 1 : 3)) * day_seconds);
    X509_NAME* const name = X509_get_subject_name(made.get());
    const unsigned char common_name[] = "localhost";
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0);
    X509_set_issuer_name(made.get(), name);
    X509_set_pubkey(made.get(), key.get());
    if (X509_sign(made.get(), key.get(), EVP_sha256()) == 0)
        throw std::runtime_error("no certificate");
    const bio certificate_out = memory();
    const bio key_out = memory();
    PEM_write_bio_X509(certificate_out.get(), made.get());
    PEM_write_bio_PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return {text_of(certificate_out), text_of(key_out)};
}

std::string with_passphrase(const certificate& of) {
    const bio in{BIO_new_mem_buf(of.key_pem.data(), static_cast<int>(of.key_pem.size())), BIO_free_all};
    const private_key key{PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr), EVP_PKEY_free};
    const unsigned char passphrase[] = "open";
    const bio out = memory();
    PEM_write_bio_PrivateKey(out.get(), key.get(), EVP_aes_128_cbc(), passphrase, 4, nullptr, nullptr);
    return text_of(out);
}

std::string read_whole(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

expression_check with_jq() {
    const auto programs =
        std::make_shared<expression::engine>(1, expression::limits{.time = std::chrono::seconds{30}});
    return [programs](const std::string& program) { return programs->refuse(program); };
}

std::vector<std::string> lines_of(const std::vector<problem>& found) {
    std::vector<std::string> lines;
    for (const problem& one : found)
        lines.push_back(to_text(one, "").substr(1));
    return lines;
}

} // namespace outreachd::settings::test
