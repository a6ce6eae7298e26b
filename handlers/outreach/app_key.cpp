#include "handlers/outreach/app_key.hpp"

#include "daemon/text/json_members.hpp"
#include "handlers/base64.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <stdexcept>
#include <string>

namespace outreachd::handlers::outreach {

namespace {

constexpr std::chrono::minutes app_token_life{5};
constexpr int key_bits_min = 2048;

struct context_deleter {
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

[[noreturn]] void refuse(const std::string& why) {
    ERR_clear_error();
    throw std::runtime_error("outreach.auth.private_key " + why);
}

std::string seconds_text(wall_time time) {
    return std::to_string(std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count());
}

/// A key with a passphrase would otherwise ask for it on the terminal.
int no_passphrase(char*, int, int, void*) {
    return -1;
}

} // namespace

void app_key::deleter::operator()(evp_pkey_st* key) const noexcept {
    EVP_PKEY_free(key);
}

app_key::app_key(const secret& pem) {
    const std::string_view text = pem.reveal();
    const std::unique_ptr<BIO, decltype(&BIO_free)> source{
        BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free};
    if (source != nullptr)
        key_.reset(PEM_read_bio_PrivateKey(source.get(), nullptr, &no_passphrase, nullptr));
    if (key_ == nullptr)
        refuse("is no private key in PEM, or it has a passphrase");
    if (EVP_PKEY_get_base_id(key_.get()) != EVP_PKEY_RSA)
        refuse("is no RSA key, and Outreach takes no other");
    if (EVP_PKEY_get_bits(key_.get()) < key_bits_min)
        refuse("is shorter than 2048 bits");
}

secret app_key::make_app_token(std::string_view guid, wall_time now) const {
    json_members claims;
    claims.text("iss", guid);
    claims.raw("iat", seconds_text(now));
    claims.raw("exp", seconds_text(now + app_token_life));
    std::string token =
        to_base64url(R"({"alg":"RS256","typ":"JWT"})") + "." + to_base64url(std::move(claims).finish());
    const std::unique_ptr<EVP_MD_CTX, context_deleter> context{EVP_MD_CTX_new()};
    const auto* const bytes = reinterpret_cast<const unsigned char*>(token.data());
    std::size_t size = 0;
    if (context == nullptr ||
        EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1 ||
        EVP_DigestSign(context.get(), nullptr, &size, bytes, token.size()) != 1)
        refuse("can't sign");
    std::string signature(size, '\0');
    if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes,
                       token.size()) != 1)
        refuse("can't sign");
    signature.resize(size);
    token += "." + to_base64url(signature);
    return secret{std::move(token)};
}

} // namespace outreachd::handlers::outreach
