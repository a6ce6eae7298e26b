/// `/sandbox/...`: what tests and curious developers do to the simulation.
#include "daemon/event/event_id.hpp"
#include "daemon/sandbox/query.hpp"
#include "daemon/sandbox/random_token.hpp"
#include "daemon/sandbox/routes.hpp"
#include "daemon/sandbox/sequence_flow.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace outreachd::sandbox {

namespace json = boost::json;

namespace {

constexpr std::size_t body_bytes_max = 256 * 1024 * 1024;

refusal wrong(const std::string& why) {
    return {400, "badRequest", "Bad Request", why};
}

json::object body_of(const request& asked) {
    return asked.body.empty() ? json::object{} : parse_object(asked.body);
}

/// Refuses members that nobody reads: a mistyped fault would be none.
void check_members(const json::object& given, std::initializer_list<std::string_view> known) {
    for (const auto& member : given) {
        const std::string_view name = member.key();
        if (std::ranges::find(known, name) == known.end())
            throw wrong("There is no '" + std::string{name} + "' here.");
    }
}

std::string text_in(const json::object& from, std::string_view name, std::string otherwise = {}) {
    const json::value* const found = from.if_contains(name);
    if (found == nullptr)
        return otherwise;
    if (!found->is_string())
        throw wrong("'" + std::string{name} + "' must be a text.");
    return std::string{found->get_string()};
}

std::uint64_t number_in(const json::object& from, std::string_view name, std::uint64_t otherwise) {
    const json::value* const found = from.if_contains(name);
    if (found == nullptr)
        return otherwise;
    if (!found->is_int64() || found->get_int64() < 0)
        throw wrong("'" + std::string{name} + "' must be a whole number.");
    return static_cast<std::uint64_t>(found->get_int64());
}

bool flag_in(const json::object& from, std::string_view name, bool otherwise) {
    const json::value* const found = from.if_contains(name);
    if (found == nullptr)
        return otherwise;
    if (!found->is_bool())
        throw wrong("'" + std::string{name} + "' must be true or false.");
    return found->get_bool();
}

constexpr std::array<std::pair<std::string_view, fault_kind>, 5> fault_kinds{{
    {"stall", fault_kind::none},
    {"answer", fault_kind::answer},
    {"reset", fault_kind::reset},
    {"truncate", fault_kind::truncate},
    {"break_off", fault_kind::break_off},
}};

fault_kind kind_of(const std::string& name) {
    const auto* const found =
        std::ranges::find(fault_kinds, name, &std::pair<std::string_view, fault_kind>::first);
    if (found == fault_kinds.end())
        throw wrong("'do' is answer, reset, stall, truncate or break_off.");
    return found->second;
}

response add_fault(world& in, const request& asked) {
    const json::object given = body_of(asked);
    check_members(given, {"method", "path", "times", "skip", "do", "carry_out", "delay_ms", "status",
                          "headers", "body", "body_bytes"});
    fault added;
    added.method = text_in(given, "method");
    added.path = text_in(given, "path");
    added.times = number_in(given, "times", 1);
    added.skip = number_in(given, "skip", 0);
    added.kind = kind_of(text_in(given, "do"));
    added.carries_out = flag_in(given, "carry_out", false);
    added.delay = std::chrono::milliseconds{number_in(given, "delay_ms", 0)};
    added.status = static_cast<unsigned>(number_in(given, "status", 500));
    added.body = text_in(given, "body");
    added.body_bytes = number_in(given, "body_bytes", 0);
    if (added.times == 0 || added.status < 200 || added.status > 599 || added.body_bytes > body_bytes_max)
        throw wrong("'times' is at least 1, 'status' 200 to 599, 'body_bytes' at most 256 MiB.");
    if (const json::value* const headers = given.if_contains("headers")) {
        if (!headers->is_object())
            throw wrong("'headers' must be an object.");
        for (const auto& [name, value] : headers->get_object())
            added.headers.emplace_back(name, text_in(headers->get_object(), name));
    }
    in.faults.add(std::move(added));
    return no_content();
}

response show_faults(const world& in) {
    json::array shown;
    for (const fault& each : in.faults.all()) {
        const auto* const kind =
            std::ranges::find(fault_kinds, each.kind, &std::pair<std::string_view, fault_kind>::second);
        shown.push_back(json::object{{"do", kind->first},
                                     {"method", each.method},
                                     {"path", each.path},
                                     {"times", each.times},
                                     {"skip", each.skip}});
    }
    return json_answer(200, shown);
}

response show_requests(const world& in) {
    json::array shown;
    for (const seen_request& each : in.requests)
        shown.push_back(
            json::object{{"method", each.method}, {"target", each.target}, {"status", each.status}});
    return json_answer(200, shown);
}

response show_deliveries(const world& in) {
    json::array shown;
    for (const delivery& each : in.feed.deliveries()) {
        shown.push_back(json::object{{"number", each.number},
                                     {"webhook", each.webhook},
                                     {"event_name", each.event_name},
                                     {"event_id", each.event_id},
                                     {"url", each.url},
                                     {"body", each.body},
                                     {"state", each.state},
                                     {"status", each.status},
                                     {"attempts", json::array(each.attempts.begin(), each.attempts.end())}});
    }
    return json_answer(200, shown);
}

response show_invitations(const world& in) {
    return json_answer(200, json::array(in.invitations.begin(), in.invitations.end()));
}

response expire_tokens(world& in, const request& asked) {
    const json::object given = body_of(asked);
    check_members(given, {"access", "refresh"});
    if (flag_in(given, "access", true))
        in.granted.expire_access();
    if (flag_in(given, "refresh", false))
        in.granted.expire_refresh();
    return no_content();
}

response set_limit(world& in, const request& asked) {
    const json::object given = body_of(asked);
    check_members(given, {"remaining", "reset_in_ms"});
    const auto reset_in = std::chrono::milliseconds{
        number_in(given, "reset_in_ms", static_cast<std::uint64_t>(in.configured.limit_window.count()))};
    in.limit.set_remaining(number_in(given, "remaining", 0), reset_in, wall_now());
    return no_content();
}

/// As when an org installs the app: a new id, and a set-up token as the set-up URL would get it.
response add_install(world& in, const request& asked) {
    const json::object given = body_of(asked);
    check_members(given, {"url", "secret"});
    const std::string id = to_string(make_event_id(wall_now()));
    const std::string token = make_random();
    in.installs[id] = {token, wall_now() + in.configured.setup_token_life};
    if (const std::string url = text_in(given, "url"); !url.empty())
        in.feed.send_install("created", id, url, text_in(given, "secret"), asked.origin + "/api/v2");
    return json_answer(200, json::object{{"id", id}, {"setup_token", token}});
}

response remove_install(world& in, const request& asked, const std::string& id) {
    const json::object given = body_of(asked);
    check_members(given, {"url", "secret"});
    if (in.installs.erase(id) == 0)
        throw not_found("There is no such install.");
    if (const std::string url = text_in(given, "url"); !url.empty())
        in.feed.send_install("deleted", id, url, text_in(given, "secret"), {});
    return no_content();
}

response recipient_acts(world& in, const std::string& id, const std::string& what) {
    record_id number = 0;
    std::from_chars(id.data(), id.data() + id.size(), number);
    record* const mailing = in.data.find("mailing", number);
    if (mailing == nullptr)
        throw not_found("There is no such mailing.");
    mail_happened(in, *mailing, what);
    return no_content();
}

} // namespace

response answer_control(world& in, const request& asked) {
    const std::vector<std::string> path = split(asked.path().substr(1), '/');
    const std::string& what = path[1];
    const std::string& method = asked.method;
    if (path.size() == 2 && method == "GET") {
        if (what == "faults")
            return show_faults(in);
        if (what == "requests")
            return show_requests(in);
        if (what == "deliveries")
            return show_deliveries(in);
        if (what == "invitations")
            return show_invitations(in);
    } else if (path.size() == 2 && method == "POST") {
        if (what == "faults")
            return add_fault(in, asked);
        if (what == "expire-tokens")
            return expire_tokens(in, asked);
        if (what == "limit")
            return set_limit(in, asked);
        if (what == "installs")
            return add_install(in, asked);
    } else if (path.size() == 2 && method == "DELETE" && what == "faults") {
        in.faults.clear();
        return no_content();
    } else if (path.size() == 3 && method == "DELETE" && what == "installs") {
        return remove_install(in, asked, path[2]);
    } else if (path.size() == 4 && method == "POST" && what == "mailings") {
        return recipient_acts(in, path[2], path[3]);
    }
    throw not_found("There is nothing at that path.");
}

} // namespace outreachd::sandbox
