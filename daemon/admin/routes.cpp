/// Which request gets which answer.
#include "daemon/admin/routes.hpp"

#include "daemon/admin/event_json.hpp"
#include "daemon/admin/event_query.hpp"
#include "daemon/admin/status_json.hpp"
#include "daemon/event/event_id.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace outreachd::admin {

namespace {

constexpr std::string_view metrics_type = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view event_prefix = "/api/events/";

response not_found(std::string_view path) {
    return error_answer(404, "there is nothing at " + std::string{path});
}

/// The answer where the store gave an error instead of a record.
response store_error(error_code ec) {
    if (ec == errc::not_found)
        return error_answer(404, "there is no such event");
    return error_answer(503, "the store can't be read now: " + ec.message());
}

template <typename Record>
response answer_of(const result<Record>& read) {
    if (read.has_error())
        return store_error(read.error());
    return json_answer(to_json(read.value()));
}

answer list_events(const request& asked) {
    auto parsed = parse_event_query(asked.query(), wall_now());
    if (const auto* bad = std::get_if<bad_parameter>(&parsed))
        return error_answer(400, bad->message);
    return read_job{[filter = std::get<store::event_filter>(std::move(parsed))](store::reader& from) {
        return answer_of(from.list(filter));
    }};
}

answer show_event(std::string_view id_text) {
    const auto id = parse_event_id(id_text);
    if (!id)
        return error_answer(400, "'" + std::string{id_text} + "' is not an event's id");
    return read_job{[id = *id](store::reader& from) { return answer_of(from.story(id)); }};
}

} // namespace

routes::routes(services asked, authorization checked)
    : services_(std::move(asked)), authorization_(std::move(checked)) {}

answer routes::route(const request& asked) const {
    if (const auto refused = authorization_.refuse(asked))
        return *refused;
    const std::string_view path = asked.path();
    const bool is_one_event =
        path.starts_with(event_prefix) && path.find('/', event_prefix.size()) == std::string_view::npos;
    constexpr std::array known =
        std::to_array<std::string_view>({"/livez", "/readyz", "/metrics", "/api/status", "/api/events"});
    if (!is_one_event && std::ranges::find(known, path) == known.end())
        return not_found(path);
    if (asked.method != "GET" && asked.method != "HEAD") {
        response refused = error_answer(405, "only GET and HEAD are allowed here");
        refused.headers.emplace_back("Allow", "GET, HEAD");
        return refused;
    }
    if (path == "/livez")
        return livez();
    if (path == "/readyz")
        return readyz(asked);
    if (path == "/metrics")
        return metrics_text();
    if (path == "/api/status")
        return status_now();
    if (path == "/api/events")
        return list_events(asked);
    return show_event(path.substr(event_prefix.size()));
}

response routes::livez() const {
    return services_.is_live() ? text_answer(200, "ok") : text_answer(503, "the I/O threads don't answer");
}

response routes::readyz(const request& asked) const {
    const std::vector<std::string> reasons = services_.unready_reasons();
    if (reasons.empty())
        return text_answer(200, "ok");
    std::string text = "not ready\n";
    if (authorization_.has_token(asked)) {
        for (const std::string& each : reasons)
            text += each + '\n';
    }
    return text_answer(503, std::move(text));
}

response routes::metrics_text() const {
    return {200, std::string{metrics_type}, services_.figures.text(), {}};
}

response routes::status_now() const {
    const store::ledger accounts = services_.events.accounts();
    const status now{
        .started_at = services_.started_at,
        .roles = services_.roles,
        .unready_reasons = services_.unready_reasons(),
        .outbox = 0, // There is no broker yet that events could wait for.
        .quarantined = services_.quarantined(),
        .unrouted = accounts.unrouted,
        .handler_names = services_.handler_names(),
        .depths = services_.events.depths(),
        .running = services_.running,
    };
    return json_answer(to_json(now, wall_now()));
}

} // namespace outreachd::admin
