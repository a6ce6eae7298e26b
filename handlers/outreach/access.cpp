#include "handlers/outreach/access.hpp"

#include "handlers/outreach/fingerprint.hpp"
#include "handlers/outreach/install_tokens.hpp"
#include "handlers/outreach/oauth_tokens.hpp"

namespace outreachd::handlers::outreach {

namespace {

/// Above any page that can be asked for, and little enough for a few threads at once.
constexpr std::size_t body_bytes_max = 16UL * 1024 * 1024;

http_rules make_rules(const settings::outreach& configured) {
    return {.authorities = configured.ca,
            .proxy = configured.proxy,
            .body_bytes_kept = body_bytes_max,
            .body_bytes_max = body_bytes_max};
}

/// Whose limit it is.
struct account_name {
    const std::string& base_url;

    std::string operator()(const settings::oauth_access& own) const {
        return fingerprint({base_url, "oauth", own.client_id});
    }

    std::string operator()(const settings::s2s_access& own) const {
        return fingerprint({base_url, "s2s", own.guid, own.install});
    }

    std::string operator()(const settings::token_access& own) const {
        return fingerprint({base_url, "token", own.token.reveal()});
    }
};

limiter::rules limit_rules(const settings::outreach& configured, const std::string& directory) {
    return {.reserve = configured.reserve,
            .file = directory + "/outreach-limit.json",
            .account = std::visit(account_name{configured.base_url}, configured.auth)};
}

} // namespace

access::access(const settings::outreach& configured, const std::string& directory, const wall_clock& now)
    : base_url_(configured.base_url), now_(now), transport_(make_rules(configured)), file_(directory),
      limit_(limit_rules(configured, directory), now) {
    if (const auto* oauth = std::get_if<settings::oauth_access>(&configured.auth)) {
        tokens_ = std::make_unique<oauth_tokens>(*oauth, file_, transport_, now);
    } else if (const auto* s2s = std::get_if<settings::s2s_access>(&configured.auth)) {
        auto made = std::make_unique<install_tokens>(*s2s, base_url_, file_, transport_, now);
        installs_ = made.get();
        tokens_ = std::move(made);
    } else {
        tokens_ = make_fixed_token(std::get<settings::token_access>(configured.auth).token);
    }
}

access::~access() = default;

} // namespace outreachd::handlers::outreach
