/// The app's own key, with which it says who it is (contract 7.17, 7.18).
#pragma once

#include "daemon/crypto/secret.hpp"
#include "daemon/event/timestamp.hpp"

#include <memory>
#include <string_view>

// OpenSSL's own name for a key; its headers stay out of this one.
struct evp_pkey_st;

namespace outreachd::handlers::outreach {

/// Immutable; any thread, many at a time.
class app_key {
public:
    /// PEM, RSA of 2048 bits or more, without a passphrase. Throws std::runtime_error, without a word of
    /// the key.
    explicit app_key(const secret& pem);

    /// A JWT signed by RS256: `iss` is `guid`, `iat` is `now`, and it is good for five minutes.
    secret make_app_token(std::string_view guid, wall_time now) const;

private:
    struct deleter {
        void operator()(evp_pkey_st* key) const noexcept;
    };

    std::unique_ptr<evp_pkey_st, deleter> key_;
};

} // namespace outreachd::handlers::outreach
