/// HMAC-SHA256 on OpenSSL's digests.
#include "daemon/crypto/hmac.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cassert>

namespace outreachd {

namespace {

constexpr std::size_t block_bytes = 64;
constexpr unsigned char inner_pad = 0x36;
constexpr unsigned char outer_pad = 0x5C;

using block = std::array<unsigned char, block_bytes>;

/// Only want of memory can make a digest fail, and nothing sensible can be done then.
void check(int succeeded) {
    assert(succeeded == 1);
}

digest end_digest(EVP_MD_CTX* context) {
    digest value{};
    unsigned size = 0;
    check(EVP_DigestFinal_ex(context, value.data(), &size));
    assert(size == value.size());
    return value;
}

const EVP_MD* algorithm() {
    static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    assert(fetched != nullptr);
    return fetched;
}

/// One context a thread, into which the started ones are copied.
EVP_MD_CTX* scratch() {
    struct deleter {
        void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
    };

    thread_local const std::unique_ptr<EVP_MD_CTX, deleter> context{EVP_MD_CTX_new()};
    assert(context != nullptr);
    return context.get();
}

/// A hash that has taken in the key, padded to a block.
EVP_MD_CTX* start(const block& key, unsigned char pad) {
    block padded{};
    std::transform(key.begin(), key.end(), padded.begin(),
                   [pad](unsigned char byte) { return static_cast<unsigned char>(byte ^ pad); });
    EVP_MD_CTX* const context = EVP_MD_CTX_new();
    assert(context != nullptr);
    check(EVP_DigestInit_ex2(context, algorithm(), nullptr));
    check(EVP_DigestUpdate(context, padded.data(), padded.size()));
    OPENSSL_cleanse(padded.data(), padded.size());
    return context;
}

} // namespace

void hmac_key::context_deleter::operator()(evp_md_ctx_st* context) const noexcept {
    EVP_MD_CTX_free(context);
}

hmac_key::hmac_key(std::string_view key) {
    block head{};
    if (key.size() > block_bytes) {
        digest hashed = sha256(key);
        std::copy(hashed.begin(), hashed.end(), head.begin());
        OPENSSL_cleanse(hashed.data(), hashed.size());
    } else {
        std::copy(key.begin(), key.end(), head.begin());
    }
    inner_.reset(start(head, inner_pad));
    outer_.reset(start(head, outer_pad));
    OPENSSL_cleanse(head.data(), head.size());
}

digest hmac_key::authenticate(std::string_view message) const {
    EVP_MD_CTX* const context = scratch();
    check(EVP_MD_CTX_copy_ex(context, inner_.get()));
    check(EVP_DigestUpdate(context, message.data(), message.size()));
    const digest inner = end_digest(context);
    check(EVP_MD_CTX_copy_ex(context, outer_.get()));
    check(EVP_DigestUpdate(context, inner.data(), inner.size()));
    return end_digest(context);
}

} // namespace outreachd
