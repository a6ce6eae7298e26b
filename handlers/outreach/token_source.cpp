#include "handlers/outreach/token_source.hpp"

#include "daemon/text/ascii.hpp"

#include <stdexcept>

namespace outreachd::handlers::outreach {

namespace {

class fixed_token final : public token_source {
public:
    explicit fixed_token(secret token) : token_(std::move(token)) {}

    token_reply get(steady_time) override { return {.what = token_reply::kind::token, .token = token_}; }

    token_reply renew(const secret&, steady_time) override {
        return {.what = token_reply::kind::needs_login,
                .why = "Outreach refuses the token in outreach.auth.token: put a valid one there"};
    }

private:
    const secret token_;
};

} // namespace

token_reply token_reply::no_login(std::string why) {
    return {.what = kind::needs_login, .why = std::move(why)};
}

token_reply token_reply::not_before(wall_time until, std::string why) {
    return {.what = kind::later, .until = until, .why = std::move(why)};
}

std::unique_ptr<token_source> make_fixed_token(secret token) {
    if (has_control_character(token.reveal()))
        throw std::runtime_error("outreach.auth.token holds a line break or another control character");
    return std::make_unique<fixed_token>(std::move(token));
}

} // namespace outreachd::handlers::outreach
