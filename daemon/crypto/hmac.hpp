/// HMAC-SHA256 (RFC 2104) with a key whose schedule is computed once.
#pragma once

#include "daemon/crypto/digest.hpp"

#include <memory>
#include <string_view>

// OpenSSL's own name for a digest in progress; its headers stay out of this one.
struct evp_md_ctx_st;

namespace outreachd {

/// One key, ready to use: the two hashes that have taken in the padded key already. A message costs
/// no hashing of the key. Immutable; any thread, many at a time. Wiped when it goes.
class hmac_key {
public:
    explicit hmac_key(std::string_view key);
    hmac_key(hmac_key&&) noexcept = default;
    hmac_key& operator=(hmac_key&&) noexcept = default;

    digest authenticate(std::string_view message) const;

private:
    struct context_deleter {
        void operator()(evp_md_ctx_st* context) const noexcept;
    };

    using context_ptr = std::unique_ptr<evp_md_ctx_st, context_deleter>;

    context_ptr inner_;
    context_ptr outer_;
};

} // namespace outreachd
