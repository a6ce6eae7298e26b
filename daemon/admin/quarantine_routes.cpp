/// `/api/quarantine`: list, show, recheck, discard.
#include "daemon/admin/json_writer.hpp"
#include "daemon/admin/quarantine_json.hpp"
#include "daemon/admin/route_parts.hpp"
#include "daemon/text/number.hpp"

#include <future>

namespace outreachd::admin {

namespace {

using std::chrono::seconds;

constexpr seconds quarantine_wait{4};
constexpr std::string_view no_request = "there is no such request in quarantine";

std::optional<std::int64_t> parse_number(std::string_view text) {
    const auto number = whole_number<std::int64_t>(text);
    return number && *number > 0 ? number : std::nullopt;
}

response quarantine_error(error_code ec) {
    if (ec == errc::not_found)
        return error_answer(404, no_request);
    if (ec == errc::deadline_passed)
        return error_answer(503, "the quarantine didn't answer within 4 s: its requests are being checked "
                                 "again, or its disk is slow; ask again later");
    return error_answer(503, "the quarantine's file can't be read now");
}

answer list_requests(const request& asked, const services& of) {
    static constexpr std::string_view known[] = {"limit", "before"};
    const auto parsed = parse_list_query(asked.query(), known, wall_now());
    if (const auto* bad = std::get_if<bad_parameter>(&parsed))
        return error_answer(400, bad->message);
    const auto& read = std::get<list_query>(parsed);
    const auto before = parse_number(read.before);
    if (!read.before.empty() && !before)
        return error_answer(400, bad_before(read.before, "a quarantined request's id").message);
    return read_job{[limit = read.limit.value_or(limit_default), before, &of](store::reader&) {
        const auto found = of.doubtful.list(limit, before, quarantine_wait);
        return found ? json_answer(to_json(*found)) : quarantine_error(found.error());
    }};
}

answer show_request(std::int64_t number, const services& of) {
    return read_job{[number, &of](store::reader&) {
        const auto found = of.doubtful.show(number, quarantine_wait);
        return found ? json_answer(to_json(*found)) : quarantine_error(found.error());
    }};
}

answer discard_request(std::int64_t number, const services& of) {
    return read_job{[number, &of](store::reader&) {
        const auto gone = of.doubtful.discard(number, quarantine_wait);
        if (gone.has_error() && gone.error() == errc::deadline_passed)
            return error_answer(503,
                                "the quarantine has not discarded this within 4 s; it will, once it can");
        if (!gone)
            return quarantine_error(gone.error());
        json_writer json;
        json.begin_object();
        json.member("discarded", std::uint64_t{1});
        json.end_object();
        return json_answer(std::move(json).take());
    }};
}

/// Nothing where it isn't known in time, or nobody is left to tell.
std::optional<bool> told(std::future<bool>& awaited, seconds wait) {
    if (awaited.wait_for(wait) != std::future_status::ready)
        return std::nullopt;
    try {
        return awaited.get();
    } catch (const std::future_error&) {
        return std::nullopt;
    }
}

answer recheck(const services& of) {
    return read_job{[&of](store::reader&) {
        const std::uint64_t before = of.doubtful.recovered();
        auto heard = std::make_shared<std::promise<bool>>();
        auto is_heard = heard->get_future();
        // Not called where a reload's hearing takes its place.
        of.recheck([heard](bool are_all_heard) { heard->set_value(are_all_heard); });
        heard.reset();
        const std::optional<bool> are_all_heard = told(is_heard, quarantine_wait);
        if (are_all_heard == false) { // because of the file, or the store couldn't take one
            const auto read = of.doubtful.list(1, std::nullopt, quarantine_wait);
            if (!read)
                return quarantine_error(read.error());
        }
        json_writer json;
        json.begin_object();
        json.member("recovered", of.doubtful.recovered() - before);
        json.member("quarantined", of.doubtful.size());
        json.member("finished", are_all_heard.value_or(false));
        json.end_object();
        return json_answer(std::move(json).take());
    }};
}

} // namespace

answer quarantine_route(const request& asked, std::string_view rest, const services& of) {
    const std::size_t slash = rest.find('/');
    if (rest == "recheck" || (slash != std::string_view::npos && rest.substr(slash) == "/discard")) {
        const auto number = parse_number(rest.substr(0, slash));
        if (rest != "recheck" && !number)
            return error_answer(400, "'" + std::string{rest.substr(0, slash)} +
                                         "' is not a quarantined request's id");
        if (auto refused = refuse_unless_post(asked))
            return *refused;
        if (auto refused = refuse_parameters(asked))
            return *refused;
        return number ? discard_request(*number, of) : recheck(of);
    }
    if (slash != std::string_view::npos)
        return error_answer(404, "there is nothing at " + std::string{asked.path()});
    if (auto refused = refuse_unless_read(asked))
        return *refused;
    if (rest.empty())
        return list_requests(asked, of);
    const auto number = parse_number(rest);
    if (!number)
        return error_answer(400, "'" + std::string{rest} + "' is not a quarantined request's id");
    return show_request(*number, of);
}

} // namespace outreachd::admin
