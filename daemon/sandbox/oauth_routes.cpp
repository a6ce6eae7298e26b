/// OAuth 2.0, authorization code and refresh (contract 7.1 to 7.13).
#include "daemon/sandbox/demo_data.hpp"
#include "daemon/sandbox/proofs.hpp"
#include "daemon/sandbox/query.hpp"
#include "daemon/sandbox/routes.hpp"
#include "daemon/text/percent_encode.hpp"

#include <algorithm>

namespace outreachd::sandbox {

namespace json = boost::json;

namespace {

using form = std::vector<parameter>;

std::string value_of(const form& from, std::string_view name) {
    return find_parameter(from, name).value_or("");
}

response redirect_to(const std::string& redirect_uri, const form& asked,
                     const std::vector<std::pair<std::string, std::string>>& adding) {
    std::string to = redirect_uri;
    char mark = to.find('?') == std::string::npos ? '?' : '&';
    for (const auto& [name, value] : adding) {
        to += mark + name + '=' + percent_encode(value);
        mark = '&';
    }
    if (const auto state = find_parameter(asked, "state"))
        to += "&state=" + percent_encode(*state);
    response made = text_answer(302, {});
    made.headers.emplace_back("Location", to);
    return made;
}

std::string escaped(std::string_view text) {
    std::string safe;
    for (const char c : text) {
        if (c == '<' || c == '>' || c == '&' || c == '"' || c == '\'')
            safe += "&#" + std::to_string(static_cast<int>(c)) + ';';
        else
            safe += c;
    }
    return safe;
}

/// Asks whoever sits there. The button sends the same query again, with `consent`.
response consent_page(const form& asked, const scope_set& scopes) {
    std::string page = "<!doctype html><meta charset=utf-8><title>Sandbox</title><h1>Sandbox</h1><p><b>" +
                       escaped(value_of(asked, "client_id")) + "</b> wants to act for you:</p><ul>";
    for (const std::string& each : scopes)
        page += "<li>" + escaped(each);
    page += "</ul><form method=get action=/oauth/authorize>";
    for (const parameter& each : asked)
        page += "<input type=hidden name=\"" + escaped(each.written()) + "\" value=\"" + escaped(each.value) +
                "\">";
    return html_answer(200, page + "<button name=consent value=yes>Allow</button></form>");
}

response authorize(world& in, const request& asked) {
    const form given = parse_query(asked.query());
    const std::string redirect_uri = value_of(given, "redirect_uri");
    const auto& known = in.configured.redirect_uris;
    if (value_of(given, "client_id") != in.configured.client_id)
        return html_answer(400, "<p>There is no app with that client_id.");
    if (redirect_uri.empty() || redirect_uri.find_first_of("\r\n") != std::string::npos ||
        (!known.empty() && std::ranges::find(known, redirect_uri) == known.end()))
        return html_answer(400, "<p>The redirect_uri isn't one of the app's.");
    if (value_of(given, "response_type") != "code")
        return redirect_to(redirect_uri, given, {{"error", "unsupported_response_type"}});
    const scope_set scopes = read_scopes(value_of(given, "scope"));
    if (scopes.empty() || !unknown_scope(scopes).empty())
        return redirect_to(redirect_uri, given, {{"error", "invalid_scope"}});
    const std::string challenge = value_of(given, "code_challenge");
    if (!challenge.empty() && value_of(given, "code_challenge_method") != "S256")
        return redirect_to(redirect_uri, given, {{"error", "invalid_request"}});
    if (!in.configured.auto_approve && value_of(given, "consent") != "yes")
        return consent_page(given, scopes);
    const std::string code =
        in.granted.add_consent({{first_user, in.configured.client_id, scopes}, redirect_uri, challenge});
    return redirect_to(redirect_uri, given, {{"code", code}});
}

response oauth_error(unsigned status, std::string_view error, std::string_view description) {
    return json_answer(status, json::object{{"error", error}, {"error_description", description}});
}

response invalid_grant(std::string_view why) {
    return oauth_error(400, "invalid_grant", why);
}

response show_grant(const world& in, const grant& given) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(wall_now()).time_since_epoch().count();
    response made = json_answer(
        200, json::object{{"access_token", given.access_token},
                          {"token_type", "Bearer"},
                          {"expires_in",
                           std::chrono::floor<std::chrono::seconds>(in.configured.access_token_life).count()},
                          {"refresh_token", given.refresh_token},
                          {"scope", scope_text(given.whose.scopes)},
                          {"created_at", seconds}});
    made.headers.emplace_back("Cache-Control", "no-store");
    return made;
}

/// Contract 7.9, 6.3.
response too_soon() {
    return text_answer(429, "Retry later\n");
}

response exchange_code(world& in, const form& given) {
    const std::string code = value_of(given, "code");
    const consent* const found = in.granted.find_consent(code);
    if (found == nullptr)
        return invalid_grant("The code is unknown, used up or too old.");
    if (found->redirect_uri != value_of(given, "redirect_uri"))
        return invalid_grant("The redirect_uri isn't the one that the code was asked for with.");
    if (!found->challenge.empty() && code_challenge(value_of(given, "code_verifier")) != found->challenge)
        return invalid_grant("The code_verifier doesn't fit.");
    if (in.granted.is_too_soon())
        return too_soon();
    const holder whose = found->whose;
    in.granted.forget(code);
    return show_grant(in, in.granted.make_grant(whose, {}));
}

response refresh(world& in, const form& given) {
    const std::string token = value_of(given, "refresh_token");
    const holder* const whose = in.granted.find_refresh(token);
    if (whose == nullptr)
        return invalid_grant("The refresh token is unknown, used up, revoked or too old.");
    if (in.granted.is_too_soon())
        return too_soon();
    return show_grant(in, in.granted.make_grant(holder{*whose}, token));
}

response token(world& in, const request& asked) {
    constexpr std::string_view form_type = "application/x-www-form-urlencoded";
    if (!asked.header("content-type").starts_with(form_type))
        return oauth_error(400, "invalid_request", "The body must be a form.");
    const form given = parse_query(asked.body);
    if (value_of(given, "client_id") != in.configured.client_id ||
        value_of(given, "client_secret") != in.configured.client_secret)
        return oauth_error(401, "invalid_client", "The client_id or the client_secret is wrong.");
    const std::string kind = value_of(given, "grant_type");
    if (kind == "authorization_code")
        return exchange_code(in, given);
    if (kind == "refresh_token")
        return refresh(in, given);
    return oauth_error(400, "unsupported_grant_type", "It is authorization_code or refresh_token.");
}

} // namespace

response answer_oauth(world& in, const request& asked) {
    if (asked.path() == "/oauth/authorize" && asked.method == "GET")
        return authorize(in, asked);
    if (asked.path() == "/oauth/token" && asked.method == "POST")
        return token(in, asked);
    throw not_found("There is nothing at that path.");
}

} // namespace outreachd::sandbox
