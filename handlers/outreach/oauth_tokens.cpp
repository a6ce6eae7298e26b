#include "handlers/outreach/oauth_tokens.hpp"

#include "handlers/outreach/fingerprint.hpp"
#include "handlers/outreach/grant_times.hpp"

#include <algorithm>

namespace outreachd::handlers::outreach {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds file_wait{30};
constexpr seconds unsaved_wait{2};

const char* const how_to_log_in = "log in again (outreachd auth login)";

std::string client_of(const settings::oauth_access& access) {
    return fingerprint({access.client_id, access.token_url});
}

/// What a refusal is about: any other of these could do better.
std::string refused_by(const settings::oauth_access& access, const secret& refresh_token) {
    return fingerprint({access.client_id, access.client_secret.reveal(), access.token_url,
                        access.redirect_uri, refresh_token.reveal()});
}

void set_grant(store::token_record& record, const grant& given, wall_time now) {
    record.access_token = given.access_token;
    if (!given.refresh_token.empty())
        record.refresh_token = given.refresh_token;
    if (!given.scopes.empty())
        record.scopes = given.scopes;
    record.obtained_at = now;
    record.expires_at = now + given.life;
    record.no_grant_before = now + grant_interval;
    record.refreshing_since.reset();
    record.refusal.clear();
    record.refused.clear();
    record.refused_at.reset();
}

/// `begun_at`: of an earlier refresh whose end nobody wrote down.
std::string refusal_words(const grant_reply& refused, const std::optional<wall_time>& begun_at) {
    std::string words = "the token endpoint " + refused.why;
    if (refused.is_of_client)
        return words;
    words += ": the refresh token is not valid any more";
    if (begun_at)
        words += " (the answer to a refresh begun at " + to_rfc3339(*begun_at) +
                 " never got here, and the new token was lost with it)";
    return words + "; " + how_to_log_in;
}

/// True for as long as this lives.
class raised {
public:
    explicit raised(std::atomic<bool>& flag) : flag_(flag) { flag_ = true; }

    ~raised() { flag_ = false; }

    raised(const raised&) = delete;
    raised& operator=(const raised&) = delete;

private:
    std::atomic<bool>& flag_;
};

} // namespace

store::token_record adopt(store::token_record stored, const settings::oauth_access& access) {
    const std::string client = client_of(access);
    const std::string first = fingerprint({access.refresh_token.reveal()});
    const bool is_same_client = stored.client == client;
    if (is_same_client && (first.empty() || stored.first_token == first))
        return stored;
    store::token_record fresh;
    fresh.client = client;
    fresh.first_token = first;
    fresh.redirect_uri = access.redirect_uri;
    fresh.refresh_token = access.refresh_token;
    if (is_same_client) {
        fresh.granted_at = stored.granted_at;
        fresh.no_grant_before = stored.no_grant_before;
    }
    return fresh;
}

oauth_tokens::oauth_tokens(settings::oauth_access access, store::token_file& file, http_transport& transport,
                           wall_clock now)
    : renewed_token(file, std::move(now)), access_(std::move(access)), transport_(transport) {}

store::token_record oauth_tokens::adopt(store::token_record stored) const {
    return outreach::adopt(std::move(stored), access_);
}

token_reply oauth_tokens::obtain(const secret& rejected, steady_time deadline) {
    auto [held, problem] = file_.lock(deadline);
    if (!problem.empty())
        return token_reply::not_before(now_() + file_wait, std::move(problem));
    if (!held)
        return token_reply::not_before(now_() + seconds{1},
                                       "another thread or process renews the access token");
    store::token_reading reading = file_.read();
    if (reading.is_damaged)
        return token_reply::no_login(std::move(reading.problem));
    if (!reading.problem.empty())
        return token_reply::not_before(now_() + file_wait, std::move(reading.problem));
    store::token_record record = adopt(std::move(reading.record));
    if (unsaved_ && record.refresh_token == unsaved_->replaced)
        return save_unsaved(*held);
    unsaved_.reset(); // somebody has logged in meanwhile

    const token_age age = record.access_token == rejected ? token_age::over : age_of(record, now_());
    if (age != token_age::over)
        hold(record);
    if (age == token_age::fresh)
        return held_.get(now_()).reply();
    token_reply renewed = renew_locked(*held, std::move(record));
    // What is due is still good where there is nothing better.
    return age == token_age::due && renewed.what != token_reply::kind::token ? held_.get(now_()).reply()
                                                                             : std::move(renewed);
}

token_reply oauth_tokens::renew_locked(const store::token_file::guard& held, store::token_record record) {
    const wall_time now = now_();
    if (record.refresh_token.empty())
        return token_reply::no_login("there is no token of Outreach yet: log in (outreachd auth login)");
    if (!record.refusal.empty() && record.refused == refused_by(access_, record.refresh_token))
        return token_reply::no_login(record.refusal);
    if (record.no_grant_before && *record.no_grant_before > now &&
        *record.no_grant_before <= now + grant_wait_max)
        return token_reply::not_before(*record.no_grant_before, record.refreshing_since
                                                                    ? "the last refresh got no answer"
                                                                    : "Outreach gives one token a minute");
    const raised while_asked{is_renewing_};
    const std::optional<wall_time> begun_before = record.refreshing_since;
    record.refreshing_since = begun_before.value_or(now);
    record.granted_at = now;
    record.no_grant_before = now + grant_interval;
    if (std::string problem = file_.write(held, record); !problem.empty())
        return token_reply::not_before(now + file_wait,
                                       problem + "; a token that can't be written down isn't asked for");
    grant_reply reply = refresh_grant(transport_, access_, record.redirect_uri, record.refresh_token,
                                      std::chrono::steady_clock::now() + grant_timeout);
    if (reply.what == grant_reply::kind::granted)
        return take_grant(held, std::move(record), reply.given);
    return take_failure(held, std::move(record), reply, begun_before);
}

token_reply oauth_tokens::take_grant(const store::token_file::guard& held, store::token_record record,
                                     const grant& given) {
    failures_ = 0;
    secret replaced = record.refresh_token;
    set_grant(record, given, now_());
    unsaved_ = unsaved_grant{std::move(record), std::move(replaced)};
    return save_unsaved(held);
}

token_reply oauth_tokens::save_unsaved(const store::token_file::guard& held) {
    if (std::string problem = file_.write(held, unsaved_->record); !problem.empty())
        return token_reply::not_before(now_() + unsaved_wait,
                                       problem + "; a new token waits to be written down");
    hold(unsaved_->record);
    unsaved_.reset();
    return held_.get(now_()).reply();
}

token_reply oauth_tokens::take_failure(const store::token_file::guard& held, store::token_record record,
                                       const grant_reply& reply,
                                       const std::optional<wall_time>& begun_before) {
    const wall_time now = now_();
    std::string why = "the token endpoint " + reply.why;
    token_reply said;
    if (reply.what == grant_reply::kind::refused) {
        record.refusal = refusal_words(reply, begun_before);
        record.refused = refused_by(access_, record.refresh_token);
        record.refused_at = now;
        record.refreshing_since.reset();
        said = token_reply::no_login(record.refusal);
    } else {
        // One that was lost may have been given all the same, and then the next comes a minute later.
        const bool is_lost = reply.what == grant_reply::kind::lost;
        if (!is_lost)
            record.refreshing_since = begun_before;
        const milliseconds own = next_backoff();
        const milliseconds wait =
            reply.wait.value_or(is_lost ? std::max<milliseconds>(own, grant_interval) : own);
        record.no_grant_before = now + std::clamp<milliseconds>(wait, seconds{1}, grant_wait_max);
        said = token_reply::not_before(*record.no_grant_before, std::move(why));
    }
    // Unwritten, the mark and the minute written before still hold.
    static_cast<void>(file_.write(held, record));
    return said;
}

milliseconds oauth_tokens::next_backoff() {
    const int doublings = std::min(failures_++, 10);
    return std::min<milliseconds>(grant_backoff_first * (1 << doublings), grant_backoff_max);
}

std::string save_login(store::token_file& file, const settings::oauth_access& access,
                       const std::string& redirect_uri, const grant& given, steady_time deadline,
                       wall_time now) {
    auto [held, problem] = file.lock(deadline);
    if (!problem.empty())
        return problem;
    if (!held)
        return "another process holds the tokens in " + file.directory();
    store::token_record record;
    record.client = client_of(access);
    record.first_token = fingerprint({access.refresh_token.reveal()});
    record.redirect_uri = redirect_uri;
    record.granted_at = now;
    set_grant(record, given, now);
    return file.write(*held, record);
}

} // namespace outreachd::handlers::outreach
