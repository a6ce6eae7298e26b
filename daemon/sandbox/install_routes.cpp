/// Server to server: from an app token to an install, and to an access token (contract 7.17 to 7.27).
#include "daemon/sandbox/proofs.hpp"
#include "daemon/sandbox/query.hpp"
#include "daemon/sandbox/routes.hpp"

namespace outreachd::sandbox {

namespace json = boost::json;

namespace {

json::object install_object(const world& in, const request& asked, const std::string& id) {
    return {{"type", "install"},
            {"id", id},
            {"attributes", {{"installedAt", time_now()}}},
            {"relationships",
             {{"app", {{"data", {{"type", "app"}, {"id", in.configured.s2s_guid}}}}},
              {"org",
               {{"data", {{"type", "org"}, {"id", in.feed.org()}}},
                {"links", {{"api", asked.origin + "/api/v2"}}}}}}}};
}

/// Contract 7.19, way A. A set-up token is good once.
response take_setup_token(world& in, const request& asked, const std::string& token) {
    for (auto& [id, each] : in.installs) {
        if (token.empty() || each.setup_token != token || each.setup_end <= wall_now())
            continue;
        each.setup_token.clear();
        return json_api_answer(200, json::object{{"data", install_object(in, asked, id)}});
    }
    throw not_found("The set-up token is unknown, used up or too old.");
}

/// Contract 7.20.
response give_access(world& in, const request& asked, const std::string& id) {
    if (!in.installs.contains(id))
        throw not_found("There is no such install.");
    json::object data = install_object(in, asked, id);
    data["meta"] = json::object{
        {"accessToken", in.granted.add_app_token({std::nullopt, in.configured.s2s_guid, s2s_scopes()})}};
    return json_api_answer(200, json::object{{"data", std::move(data)}});
}

} // namespace

response answer_install(world& in, const request& asked) {
    const std::string why =
        check_app_token(asked.bearer(), in.configured.s2s_guid, in.configured.s2s_public_keys, wall_now());
    if (!why.empty())
        throw refusal{401, "unauthorized", "Unauthorized", why};
    // `/api/app/installs/WHAT/actions/NAME`
    const std::vector<std::string> path = split(asked.path(), '/');
    if (asked.method != "POST" || path.size() != 7 || path[5] != "actions")
        throw not_found("There is nothing at that path.");
    if (path[6] == "setupToken")
        return take_setup_token(in, asked, percent_decode(path[4]));
    if (path[6] == "accessToken")
        return give_access(in, asked, percent_decode(path[4]));
    throw not_found("There is no such action.");
}

} // namespace outreachd::sandbox
