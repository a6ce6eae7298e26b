#include "handlers/outreach/install_tokens.hpp"

#include "daemon/settings/network_address.hpp"
#include "daemon/text/ascii.hpp"
#include "daemon/text/percent_encode.hpp"
#include "handlers/http_url.hpp"
#include "handlers/outreach/fingerprint.hpp"
#include "handlers/outreach/grant_times.hpp"
#include "handlers/outreach/json_api.hpp"
#include "handlers/outreach/user_agent.hpp"
#include "handlers/retry_after.hpp"

#include <algorithm>
#include <array>
#include <functional>

namespace outreachd::handlers::outreach {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// The reply names no end (contract 7.21).
constexpr minutes token_life{60};
/// An org can be unlocked and a key uploaded without a word to us.
constexpr minutes refusal_max{15};

bool is_below_outreach(const std::string& host) {
    return host == "outreach.io" || host.ends_with(".outreach.io");
}

std::string client_of(const std::string& guid) {
    return fingerprint({"s2s", guid});
}

std::string refusal_of(const http_answer& answer, const std::string& install) {
    const std::string said =
        "answered " + describe_failure(answer.status, answer.field("content-type"), answer.body);
    if (answer.status == 404)
        return "the install " + presentable(install, 64) + " is gone (the token endpoint " + said +
               "): install the app again, and give its new id in outreach.auth.install or by `outreachd auth "
               "install`";
    if (answer.status == 401)
        return "Outreach doesn't take our app token (the token endpoint " + said +
               "): look at outreach.auth.guid, at the public key that Outreach has, and at this host's clock";
    return "the token endpoint " + said;
}

bool is_success(int status) {
    return status >= 200 && status <= 299;
}

/// A page of whatever stands between says nothing of the install.
bool is_refusal(const http_answer& answer) {
    static constexpr std::array refusals{400, 401, 403, 404, 410, 422};
    return std::ranges::find(refusals, answer.status) != refusals.end() &&
           (answer.body.empty() || is_endpoints_word(answer.body));
}

/// What a refusal is about: any other of these could do better.
std::string refused_by(const settings::s2s_access& access, const std::string& base_url,
                       const std::string& install) {
    return fingerprint({access.guid, access.private_key.reveal(), base_url, install});
}

} // namespace

std::string own_api_base(const std::string& link, const std::string& base_url) {
    std::string base = link;
    while (base.ends_with('/'))
        base.pop_back();
    const http_url read = read_http_url(base);
    if (!read.problem.empty() || base.find_first_of("?#") != std::string::npos)
        return {};
    if (read.scheme == "https" && is_below_outreach(read.host))
        return base;
    const http_url configured = read_http_url(base_url);
    const bool is_local =
        settings::is_loopback_host(configured.host) && settings::is_loopback_host(read.host);
    return is_local ? base : std::string{};
}

namespace {

/// Under the file's lock: what `change` makes of what it holds is written; nothing: it stays.
std::string change_record(
    store::token_file& file, steady_time deadline,
    const std::function<std::optional<store::token_record>(const store::token_reading& kept)>& change) {
    auto [held, problem] = file.lock(deadline);
    if (!problem.empty())
        return problem;
    if (!held)
        return "another process holds the tokens in " + file.directory();
    const store::token_reading reading = file.read();
    if (!reading.problem.empty() && !reading.is_damaged)
        return reading.problem;
    const auto changed = change(reading);
    return changed ? file.write(*held, *changed) : std::string{};
}

/// What is kept of this app's; empty where it is another's.
store::token_record own_record(const store::token_record& kept, const std::string& guid) {
    store::token_record own;
    own.client = client_of(guid);
    return kept.client == own.client ? kept : own;
}

} // namespace

std::string remember_install(store::token_file& file, const install_fact& made, steady_time deadline) {
    return change_record(file, deadline, [&](const store::token_reading& kept) {
        store::token_record changed = own_record(kept.record, made.guid);
        if (changed.installs_seen_to >= made.at)
            return std::optional<store::token_record>{};
        if (changed.install != made.install || !changed.refusal.empty()) {
            changed = own_record({}, made.guid);
            changed.install = made.install;
        }
        changed.installs_seen_to = made.at;
        return std::optional{changed};
    });
}

std::string forget_install(store::token_file& file, const install_fact& deleted, steady_time deadline) {
    return change_record(file, deadline, [&](const store::token_reading& kept) {
        store::token_record changed = kept.record;
        if (changed.client != client_of(deleted.guid) || changed.installs_seen_to >= deleted.at)
            return std::optional<store::token_record>{};
        if (changed.install == deleted.install)
            changed = own_record({}, deleted.guid);
        changed.installs_seen_to = deleted.at;
        return std::optional{changed};
    });
}

std::optional<wall_time> installs_seen_to(const store::token_file& file, const std::string& guid) {
    return own_record(file.read().record, guid).installs_seen_to;
}

std::string note_installs_seen(store::token_file& file, const std::string& guid, wall_time at,
                               steady_time deadline) {
    return change_record(file, deadline, [&](const store::token_reading& kept) {
        store::token_record changed = own_record(kept.record, guid);
        const bool is_anothers = !kept.record.client.empty() && kept.record.client != changed.client;
        // Where the file is damaged, a whole one without an install would be believed.
        if (kept.is_damaged || is_anothers || changed.installs_seen_to >= at)
            return std::optional<store::token_record>{};
        changed.installs_seen_to = at;
        return std::optional{changed};
    });
}

install_tokens::install_tokens(settings::s2s_access access, std::string base_url, store::token_file& file,
                               http_transport& transport, wall_clock now)
    : renewed_token(file, std::move(now)), access_(std::move(access)), base_url_(std::move(base_url)),
      key_(access_.private_key), transport_(transport) {}

token_reply install_tokens::obtain(const secret& rejected, steady_time deadline) {
    auto [held, problem] = file_.lock(deadline);
    if (!held && problem.empty())
        return token_reply::not_before(now_() + seconds{1},
                                       "another thread or process fetches an access token");
    const std::lock_guard asking(asking_);
    store::token_reading reading = held ? file_.read() : store::token_reading{};
    const bool is_filed = held && reading.problem.empty();
    store::token_record record = adopt(is_filed ? std::move(reading.record) : unfiled_);

    const token_age age = record.access_token == rejected ? token_age::over : age_of(record, now_());
    if (age != token_age::over)
        hold(record);
    if (age == token_age::fresh)
        return held_.get(now_()).reply();
    token_reply renewed = renew_unlocked(record);
    // What is due is still good.
    if (age == token_age::over && renewed.what == token_reply::kind::needs_login)
        record.access_token = {};
    if (is_filed && !record.install.empty()) // else there is nothing to keep, and maybe another app's to lose
        static_cast<void>(file_.write(*held, record));
    unfiled_ = std::move(record);
    return age == token_age::due && renewed.what != token_reply::kind::token ? held_.get(now_()).reply()
                                                                             : std::move(renewed);
}

store::token_record install_tokens::adopt(store::token_record stored) const {
    const std::string client = client_of(access_.guid);
    if (stored.client == client && (access_.install.empty() || stored.install == access_.install))
        return stored;
    store::token_record fresh;
    fresh.client = client;
    fresh.install = access_.install;
    return fresh;
}

token_reply install_tokens::renew_unlocked(store::token_record& record) {
    const wall_time now = now_();
    if (record.install.empty())
        return token_reply::no_login(
            "no install of the app is known: give outreach.auth.install, exchange the set-up token by "
            "`outreachd auth install`, or have Outreach send install.created to an endpoint of this daemon");
    if (!record.refusal.empty() && record.refused == refused_by(access_, base_url_, record.install) &&
        record.refused_at && *record.refused_at <= now && now < *record.refused_at + refusal_max)
        return token_reply::no_login(record.refusal);
    if (record.no_grant_before && *record.no_grant_before > now &&
        *record.no_grant_before <= now + grant_wait_max)
        return token_reply::not_before(*record.no_grant_before, "an access token was asked for a moment ago");

    const http_answer answer = ask(percent_encode(record.install) + "/actions/accessToken",
                                   std::chrono::steady_clock::now() + grant_timeout);
    record.granted_at = now;
    const bool is_whole = answer.problem.empty() && !answer.is_too_long;
    if (is_whole && is_success(answer.status) && take_token(answer, record, now))
        return held_.get(now_()).reply();
    if (is_whole && is_refusal(answer))
        return take_refusal(answer, record, now);
    return take_failure(answer, record, now);
}

/// False: it has none that is of use.
bool install_tokens::take_token(const http_answer& answer, store::token_record& record, wall_time asked_at) {
    const auto document = read_json(answer.body);
    const std::string_view token =
        document ? find_text(*document, {"data", "meta", "accessToken"}) : std::string_view{};
    if (token.empty() || has_control_character(token))
        return false;
    failures_ = 0;
    const std::string_view link = find_text(*document, {"data", "relationships", "org", "links", "api"});
    record.access_token = secret{std::string{token}};
    record.obtained_at = now_();
    record.expires_at = *record.obtained_at + token_life;
    record.no_grant_before = asked_at + grant_interval;
    record.api_base = own_api_base(std::string{link}, base_url_);
    record.refusal.clear();
    record.refused.clear();
    record.refused_at.reset();
    hold(record);
    return true;
}

token_reply install_tokens::take_refusal(const http_answer& answer, store::token_record& record,
                                         wall_time asked_at) {
    record.refusal = refusal_of(answer, record.install);
    record.refused = refused_by(access_, base_url_, record.install);
    record.refused_at = asked_at;
    return token_reply::no_login(record.refusal);
}

token_reply install_tokens::take_failure(const http_answer& answer, store::token_record& record,
                                         wall_time asked_at) {
    const auto asked = parse_wait_left(answer.field("retry-after"), asked_at);
    const milliseconds own =
        std::min<milliseconds>(grant_backoff_first * (1 << std::min(failures_++, 10)), grant_backoff_max);
    const milliseconds wait = asked.value_or(answer.status == 429 ? milliseconds{grant_interval} : own);
    record.no_grant_before = asked_at + std::clamp<milliseconds>(wait, seconds{1}, grant_wait_max);
    const bool lacks_token = !answer.is_too_long && is_success(answer.status);
    return token_reply::not_before(*record.no_grant_before,
                                   "the token endpoint " +
                                       (!answer.problem.empty() ? "can't be used: " + answer.problem
                                        : lacks_token
                                            ? "answered " + std::to_string(answer.status) + " without a token"
                                            : refusal_of(answer, record.install)));
}

install_tokens::setup_reply install_tokens::set_up(const secret& setup_token, steady_time deadline) {
    http_answer answer = ask(percent_encode(setup_token.reveal()) + "/actions/setupToken", deadline);
    if (!answer.problem.empty())
        return {.problem = "Outreach can't be asked: " + answer.problem, .is_unreachable = !answer.was_sent};
    answer.body = without_secrets(std::move(answer.body), {setup_token.reveal()});
    if (!is_success(answer.status))
        return {.problem = "Outreach answered " +
                           describe_failure(answer.status, answer.field("content-type"), answer.body) +
                           (answer.status == 404 ? "; a set-up token is good for 15 minutes" : "")};
    const std::string install = exact_resource_id(answer.body);
    if (install.empty())
        return {.problem = "Outreach answered without an install's id"};
    // Newer than what has been seen, however the clock stood then: it would change nothing otherwise.
    const wall_time seen = installs_seen_to(file_, access_.guid).value_or(wall_time{});
    const wall_time at = std::max(now_(), seen + std::chrono::microseconds{1});
    if (std::string problem = remember_install(file_, {access_.guid, install, at}, deadline);
        !problem.empty())
        return {.install = install, .problem = std::move(problem)};
    return {.install = install};
}

http_answer install_tokens::ask(const std::string& path, steady_time deadline) {
    const secret app_token = key_.make_app_token(access_.guid, now_());
    const http_request request{.method = "POST",
                               .url = read_http_url(base_url_).origin + "/api/app/installs/" + path,
                               .headers = {{"Content-Type", std::string{media_type}},
                                           {"Accept", std::string{media_type}},
                                           {"User-Agent", std::string{user_agent}},
                                           {"Authorization", "Bearer " + std::string{app_token.reveal()}}},
                               .body = std::string_view{},
                               .deadline = deadline};
    http_answer answer = transport_.send(request);
    if (!is_success(answer.status))
        answer.body = without_secrets(std::move(answer.body), {app_token.reveal()});
    return answer;
}

} // namespace outreachd::handlers::outreach
