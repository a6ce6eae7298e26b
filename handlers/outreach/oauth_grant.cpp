#include "handlers/outreach/oauth_grant.hpp"

#include "daemon/text/ascii.hpp"
#include "daemon/text/percent_encode.hpp"
#include "handlers/outreach/fingerprint.hpp"
#include "handlers/outreach/json_api.hpp"
#include "handlers/outreach/token_source.hpp"
#include "handlers/outreach/user_agent.hpp"
#include "handlers/retry_after.hpp"

#include <boost/json/value.hpp>

#include <algorithm>

namespace outreachd::handlers::outreach {

namespace {

namespace json = boost::json;
using std::chrono::seconds;

/// Where the reply doesn't say (contract 7.6).
constexpr seconds usual_life{7200};
constexpr seconds life_max{24 * 3600};

using form = std::vector<std::pair<std::string_view, std::string_view>>;

std::string encode_form(const form& fields) {
    std::string text;
    for (const auto& [name, value] : fields)
        if (!value.empty())
            text += (text.empty() ? "" : "&") + std::string{name} + "=" + percent_encode(value);
    return text;
}

bool is_secret_field(std::string_view name) {
    return name != "grant_type" && name != "redirect_uri" && name != "client_id";
}

std::vector<std::string> split_words(std::string_view text) {
    std::vector<std::string> words;
    while (!(text = trimmed(text)).empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        words.emplace_back(text.substr(0, end));
        text.remove_prefix(end);
    }
    return words;
}

grant_reply read_grant(const http_answer& answer) {
    const auto document = read_json(answer.body);
    const std::string_view token = document ? find_text(*document, {"access_token"}) : std::string_view{};
    if (token.empty() || has_control_character(token))
        return {.what = grant_reply::kind::lost,
                .why = "answered " + std::to_string(answer.status) + " without a token"};
    grant given{.access_token = secret{std::string{token}},
                .refresh_token = secret{std::string{find_text(*document, {"refresh_token"})}},
                .life = usual_life,
                .scopes = split_words(find_text(*document, {"scope"}))};
    if (const json::value* const life = find_member(*document, {"expires_in"})) {
        boost::system::error_code ec;
        if (const auto value = life->to_number<std::int64_t>(ec); !ec && value > 0)
            given.life = std::min(seconds{std::min<std::int64_t>(value, life_max.count())}, life_max);
    }
    return {.what = grant_reply::kind::granted, .given = std::move(given)};
}

grant_reply judge(const http_answer& answer) {
    using enum grant_reply::kind;
    if (!answer.was_sent)
        return {.what = later, .why = "can't be reached: " + answer.problem};
    if (!answer.problem.empty() || answer.is_too_long)
        return {.what = lost, .why = answer.is_too_long ? "answered too much" : answer.problem};
    if (answer.status >= 200 && answer.status <= 299)
        return read_grant(answer);
    std::string said =
        "answered " + describe_failure(answer.status, answer.field("content-type"), answer.body);
    if (answer.status == 429) {
        auto wait = parse_wait_left(answer.field("retry-after"), wall_now());
        if (!wait)
            wait = parse_wait_left(answer.field("x-ratelimit-reset"), wall_now());
        return {.what = later, .why = std::move(said), .wait = wait.value_or(seconds{60})};
    }
    if (answer.status == 400 && is_endpoints_word(answer.body))
        return {.what = refused, .why = std::move(said)};
    if (answer.status == 401 && is_endpoints_word(answer.body))
        return {.what = refused,
                .why = std::move(said) + "; look at client_id and client_secret",
                .is_of_client = true};
    if (answer.status >= 500) // It may have given one before it failed.
        return {.what = lost,
                .why = std::move(said),
                .wait = parse_wait_left(answer.field("retry-after"), wall_now())};
    return {.what = later, .why = std::move(said) + "; look at token_url"};
}

grant_reply ask(http_transport& transport, const settings::oauth_access& access, const form& fields,
                steady_time deadline) {
    const std::string body = encode_form(fields);
    http_request request{.method = "POST",
                         .url = access.token_url,
                         .headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                                     {"Accept", "application/json"},
                                     {"User-Agent", std::string{user_agent}}},
                         .body = body,
                         .deadline = deadline,
                         .is_repeatable = false};
    http_answer answer = transport.send(request);
    const bool is_success = answer.status >= 200 && answer.status <= 299;
    for (const auto& [name, value] : fields)
        if (!is_success && is_secret_field(name)) // before words are shortened, and a secret with them
            answer.body = without_secrets(std::move(answer.body), {value});
    return judge(answer);
}

} // namespace

grant_reply refresh_grant(http_transport& transport, const settings::oauth_access& access,
                          const std::string& redirect_uri, const secret& refresh_token,
                          steady_time deadline) {
    return ask(transport, access,
               {{"grant_type", "refresh_token"},
                {"client_id", access.client_id},
                {"client_secret", access.client_secret.reveal()},
                {"redirect_uri", redirect_uri},
                {"refresh_token", refresh_token.reveal()}},
               deadline);
}

grant_reply exchange_code(http_transport& transport, const settings::oauth_access& access,
                          const code_exchange& exchanged, steady_time deadline) {
    return ask(transport, access,
               {{"grant_type", "authorization_code"},
                {"client_id", access.client_id},
                {"client_secret", access.client_secret.reveal()},
                {"redirect_uri", exchanged.redirect_uri},
                {"code", exchanged.code.reveal()},
                {"code_verifier", exchanged.verifier.reveal()}},
               deadline);
}

} // namespace outreachd::handlers::outreach
