/// Where the access token of a request comes from.
#pragma once

#include "daemon/crypto/secret.hpp"
#include "daemon/event/timestamp.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace outreachd::handlers::outreach {

/// What the time is; tests have their own.
using wall_clock = std::function<wall_time()>;

struct token_reply {
    enum class kind {
        token,
        later,       ///< Not before `until`.
        needs_login, ///< No waiting helps: somebody has to do what `why` says.
    };

    kind what = kind::later;
    secret token{};
    std::string api_base{}; ///< Where the token's own API is. Empty: where the configuration says.
    wall_time until{};      ///< For `later`.
    std::string why{};      ///< In words, without a token; empty where there is one.

    static token_reply not_before(wall_time until, std::string why);
    static token_reply no_login(std::string why);
};

/// Thread-safe.
class token_source {
public:
    token_source() = default;
    virtual ~token_source() = default;
    token_source(const token_source&) = delete;
    token_source& operator=(const token_source&) = delete;

    /// Mostly out of memory. Where a new one has to be asked for it blocks up to `deadline`, or, since an
    /// answer that we don't wait for can cost a login, for up to 20 s where that is later.
    virtual token_reply get(steady_time deadline) = 0;

    /// After a 401 to `rejected`: another one, unless somebody has fetched it meanwhile already.
    virtual token_reply renew(const secret& rejected, steady_time deadline) = 0;

    /// Whether one that nobody could ask for a second time is asked for, or written down, just now: who ends
    /// the process waits for it.
    virtual bool is_renewing() const noexcept { return false; }
};

/// A token that somebody else renews: there is no other one. Throws std::runtime_error, without a word of it,
/// where it can be none.
std::unique_ptr<token_source> make_fixed_token(secret token);

} // namespace outreachd::handlers::outreach
