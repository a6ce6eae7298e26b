/// `/api/backfill`: begin one, and see how far it is.
#include "daemon/admin/route_parts.hpp"

#include <algorithm>

namespace outreachd::admin {

namespace {

bool is_resource(std::string_view text) {
    return !text.empty() &&
           std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
}

/// Nothing, or what is allowed.
std::optional<std::string> apply(backfill_request& into, std::string_view name, const std::string& value,
                                 wall_time now) {
    if (name == "since") {
        const auto since = parse_since(value, now);
        if (!since)
            return "a time such as 2026-11-21T08:22:55Z, or how long ago, such as 2h or 7d";
        into.since = *since;
        return std::nullopt;
    }
    if (name == "resources") {
        constexpr const char* allowed = "a list of resources as in event names: task,sequenceState";
        for (std::string_view rest = value; !rest.empty();) {
            const std::string_view one = rest.substr(0, rest.find(','));
            rest.remove_prefix(std::min(one.size() + 1, rest.size()));
            if (!is_resource(one))
                return allowed;
            into.resources.emplace_back(one);
        }
        return into.resources.empty() ? std::optional<std::string>{allowed} : std::nullopt;
    }
    if (value != "true" && value != "false")
        return "true or false";
    (name == "dry_run" ? into.is_dry_run : into.is_forced) = value == "true";
    return std::nullopt;
}

std::variant<backfill_request, bad_parameter> parse_backfill(std::string_view query, wall_time now) {
    static constexpr std::string_view known[] = {"since", "resources", "dry_run", "force"};
    backfill_request read;
    bool has_since = false;
    auto bad = read_parameters(query, known, [&](std::string_view name, const std::string& value) {
        has_since = has_since || name == "since";
        return apply(read, name, value, now);
    });
    if (bad)
        return std::move(*bad);
    if (!has_since)
        return bad_parameter{"parameter 'since' is missing: from when on?"};
    return read;
}

} // namespace

answer backfill_route(const request& asked, std::string_view rest, const services& of) {
    if (!rest.empty())
        return error_answer(404, "there is nothing at " + std::string{asked.path()});
    if (asked.method == "GET" || asked.method == "HEAD") {
        if (auto refused = refuse_parameters(asked))
            return *refused;
        return json_answer(to_json(of.backfill()));
    }
    if (asked.method != "POST") {
        response refused = error_answer(405, "only GET, HEAD and POST are allowed here");
        refused.headers.emplace_back("Allow", "GET, HEAD, POST");
        return refused;
    }
    if (auto refused = refuse_unless_post(asked)) // of JSON
        return *refused;
    const auto parsed = parse_backfill(asked.query(), wall_now());
    if (const auto* const bad = std::get_if<bad_parameter>(&parsed))
        return error_answer(400, bad->message);
    const auto& wanted = std::get<backfill_request>(parsed);
    if (wanted.since > wall_now())
        return error_answer(400, "parameter 'since' lies in the future");
    if (const std::string refusal = of.begin_backfill(wanted); !refusal.empty())
        return error_answer(409, refusal);
    return json_answer(to_json(of.backfill()));
}

} // namespace outreachd::admin
