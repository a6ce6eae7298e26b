#include "handlers/outreach/token_source.hpp"

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

std::unique_ptr<token_source> make_fixed_token(secret token) {
    return std::make_unique<fixed_token>(std::move(token));
}

} // namespace outreachd::handlers::outreach
