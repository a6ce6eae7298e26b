/// REST below /api/v2: who may, what there is, and what becomes of it.
#include "daemon/sandbox/batches.hpp"
#include "daemon/sandbox/compliance.hpp"
#include "daemon/sandbox/document.hpp"
#include "daemon/sandbox/imports.hpp"
#include "daemon/sandbox/listing.hpp"
#include "daemon/sandbox/member_actions.hpp"
#include "daemon/sandbox/routes.hpp"
#include "daemon/sandbox/written_records.hpp"
#include "daemon/text/number.hpp"

#include <boost/json/parse.hpp>

namespace outreachd::sandbox {

namespace json = boost::json;

namespace {

constexpr std::string_view root = "/api/v2";

/// A request whose sender is known.
struct rest_call {
    world& in;
    const request& asked;
    const holder& whose;
    std::vector<std::string> path; ///< Behind the root, percent-decoded.
    std::vector<parameter> query;
};

void need_scope(const rest_call& of, std::string_view resource, std::string_view level) {
    if (!allows(of.whose.scopes, resource, level))
        throw refusal{403, "unauthorizedOauthScope", "Unauthorized OAuth Scope",
                      "Your authorization doesn't include the scope " + std::string{resource} + "." +
                          std::string{level} + "."};
}

void need_operation(const resource_type& type, operation what) {
    if (!type.may(what))
        throw not_found(std::string{type.plural} + " can't be asked for that.");
}

response one(const rest_call& of, unsigned status, const record& shown, bool has_includes = false) {
    const view as = read_view(of.query, of.asked.origin, *shown.type, has_includes);
    json::object document{{"data", resource_object(shown, as)}};
    if (!as.includes.empty())
        document["included"] = included(of.in.data, {&shown}, as);
    return json_api_answer(status, document);
}

record& find_member(const rest_call& of, const resource_type& type) {
    const std::string& text = of.path[1];
    const auto id = parse_number<record_id>(text);
    record* const found = id ? of.in.data.find(type.type, *id) : nullptr;
    if (found == nullptr)
        throw not_found("There is no " + std::string{type.type} + " " + text + ".");
    return *found;
}

response answer_collection(const rest_call& of, const resource_type& type) {
    if (of.asked.method == "GET") {
        need_operation(type, may_list);
        need_scope(of, type.plural, "read");
        return json_api_answer(200, list_records(of.in.data, type, of.asked.target, of.query, of.asked.origin,
                                                 of.in.configured.page_size));
    }
    if (of.asked.method == "POST" && type.type == "complianceRequest") {
        need_scope(of, type.plural, "write");
        return request_compliance(of.in, of.asked.body);
    }
    if (of.asked.method != "POST")
        throw not_found("A collection is read by GET and added to by POST.");
    need_operation(type, may_create);
    need_scope(of, type.plural, "write");
    written_document written = read_document(of.in.data, type, of.asked.body, nullptr);
    return one(of, 201, create_record(of.in, type, std::move(written), of.whose.user));
}

response answer_member(const rest_call& of, const resource_type& type) {
    if (of.asked.method == "GET") {
        need_operation(type, may_get);
        need_scope(of, type.plural, "read");
        return one(of, 200, find_member(of, type), true);
    }
    if (of.asked.method == "PATCH") {
        need_operation(type, may_update);
        need_scope(of, type.plural, "write");
        record& updated = find_member(of, type);
        update_record(of.in, updated, read_document(of.in.data, type, of.asked.body, &updated),
                      of.whose.user);
        return one(of, 200, updated);
    }
    if (of.asked.method != "DELETE")
        throw not_found("A record is read by GET, changed by PATCH and removed by DELETE.");
    need_operation(type, may_destroy);
    need_scope(of, type.plural, "delete");
    of.in.data.destroy(find_member(of, type));
    return no_content();
}

/// `/batches/actions/NAME` and `/imports/actions/NAME`.
response answer_collection_action(const rest_call& of, const resource_type& type) {
    const std::string& name = of.path[2];
    need_scope(of, type.plural, "write");
    if (type.type == "import")
        return run_import_action(of.in, name, of.asked, of.query, of.whose.user);
    const resource_type* const target = target_of(name);
    if (type.type != "batch" || target == nullptr)
        throw not_found("There is no such action.");
    need_scope(of, target->plural, "write"); // Contract 9.17.
    return one(of, 200, start_batch(of.in, name, of.query, of.asked.body, of.whose.user));
}

response answer_member_action(const rest_call& of, const resource_type& type) {
    need_scope(of, type.plural, "write");
    record& subject = find_member(of, type);
    run_member_action(of.in, subject, of.path[3], of.query, of.whose.user);
    return one(of, 200, subject);
}

/// Contract 6.32: who the token is.
response who_am_i(const rest_call& of) {
    json::object meta{{"app", {{"id", of.whose.app}, {"name", "Sandbox"}}},
                      {"org", {{"id", of.in.feed.org()}, {"name", "Sandbox"}}},
                      {"token", {{"scope", scope_text(of.whose.scopes)}}}};
    meta["user"] = of.whose.user ? json::value(json::object{{"id", *of.whose.user}}) : json::value{};
    return json_api_answer(200, json::object{{"meta", std::move(meta)}});
}

response dispatch(const rest_call& of) {
    if (of.path.empty() && of.asked.method == "GET")
        return who_am_i(of);
    const resource_type* const type = of.path.empty() ? nullptr : find_plural(of.path.front());
    if (type == nullptr)
        throw not_found("There is no such resource.");
    if (of.path.size() == 1)
        return answer_collection(of, *type);
    const bool is_post = of.asked.method == "POST";
    if (of.path.size() == 3 && of.path[1] == "actions" && is_post)
        return answer_collection_action(of, *type);
    if (of.path.size() == 2)
        return answer_member(of, *type);
    if (of.path.size() == 4 && of.path[2] == "actions" && is_post)
        return answer_member_action(of, *type);
    throw not_found("There is nothing at that path.");
}

std::vector<std::string> path_of(const request& asked) {
    std::vector<std::string> parts;
    for (const std::string& each : split(asked.path().substr(root.size()), '/')) {
        if (!each.empty())
            parts.push_back(percent_decode(each));
    }
    return parts;
}

/// The token may be told in any of the ways that a client could guess (contract 5.12).
std::string cleanup_token(const request& asked) {
    if (const auto told = asked.header("outreach-webhook-cleanup-token"); !told.empty())
        return std::string{told};
    if (const auto told = asked.bearer(); !told.empty())
        return std::string{told};
    boost::system::error_code ec;
    json::value at = json::parse(asked.body, ec);
    for (const char* const step : {"data", "attributes"}) {
        const json::value* const inner = ec || !at.is_object() ? nullptr : at.get_object().if_contains(step);
        if (inner != nullptr) {
            json::value next = *inner;
            at = std::move(next);
        }
    }
    for (const char* const name : {"cleanupToken", "cleanup_token", "token"}) {
        const json::value* const told = ec || !at.is_object() ? nullptr : at.get_object().if_contains(name);
        if (told != nullptr && told->is_string())
            return std::string{told->get_string()};
    }
    return {};
}

/// Contract 5.12: works without an access token.
response clean_up(world& in, const request& asked) {
    const std::string token = cleanup_token(asked);
    for (const auto& [id, each] : in.data.all("webhook")) {
        if (!token.empty() && each.text("cleanupToken") == token) {
            in.data.destroy(*in.data.find("webhook", id));
            return no_content();
        }
    }
    throw not_found("There is no webhook with that cleanup token.");
}

response refuse_token() {
    response refused =
        to_response({401, "unauthorized", "Unauthorized", "There is no token, or it has expired."});
    refused.headers.emplace_back("WWW-Authenticate", "Bearer");
    return refused;
}

/// Contract 6.2: a GET needs it too.
bool has_media_type(const request& asked) {
    const std::string_view given = asked.header("content-type");
    return given.substr(0, given.find(';')) == json_api_type;
}

response answer_counted(world& in, const request& asked, const holder& whose) {
    if (auto refused = in.limit.take(whose.account(), wall_now()))
        return *refused;
    try {
        if (!has_media_type(asked))
            throw refusal{415, "unsupportedMediaType", "Unsupported Media Type",
                          "The Content-Type must be application/vnd.api+json."};
        return dispatch({in, asked, whose, path_of(asked), parse_query(asked.query())});
    } catch (const refusal& why) {
        return to_response(why);
    }
}

} // namespace

response answer_rest(world& in, const request& asked) {
    if (asked.path() == "/api/v2/webhooks/cleanup" && asked.method == "POST")
        return clean_up(in, asked);
    const holder* const whose = in.granted.find_access(asked.bearer());
    const std::string account = whose == nullptr ? std::string{"nobody"} : whose->account();
    response made = whose == nullptr ? refuse_token() : answer_counted(in, asked, *whose);
    in.limit.add_headers(made, account, wall_now());
    return made;
}

} // namespace outreachd::sandbox
