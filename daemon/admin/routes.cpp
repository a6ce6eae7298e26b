/// Which request gets which answer.
#include "daemon/admin/routes.hpp"

#include "daemon/admin/dashboard_files.hpp"
#include "daemon/admin/status_json.hpp"
#include "daemon/text/ascii.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace outreachd::admin {

namespace {

constexpr std::string_view metrics_type = "text/plain; version=0.0.4; charset=utf-8";

response not_found(std::string_view path) {
    return error_answer(404, "there is nothing at " + std::string{path});
}

/// What of the path follows `prefix` and a slash; nothing where it isn't below it.
std::optional<std::string_view> below(std::string_view path, std::string_view prefix) {
    if (!path.starts_with(prefix))
        return std::nullopt;
    path.remove_prefix(prefix.size());
    if (path.empty())
        return path;
    return path.front() == '/' && path.size() > 1 ? std::optional{path.substr(1)} : std::nullopt;
}

response with_allow(std::string_view what, std::string allowed) {
    response refused = error_answer(405, what);
    refused.headers.emplace_back("Allow", std::move(allowed));
    return refused;
}

/// A media type is written in letters of either case, and may have parameters (RFC 9110, section 8.3.1).
bool is_json(std::string_view content_type) {
    return is_same_in_any_case(trimmed(content_type.substr(0, content_type.find(';'))), json_type);
}

} // namespace

void note_search_end(response& listed, const event_id& last, wall_time received_at) {
    listed.headers.emplace_back(search_ended_at, to_string(last));
    listed.headers.emplace_back(search_ended_time, to_rfc3339(received_at));
}

response store_error(error_code ec, std::string_view what) {
    if (ec == errc::not_found)
        return error_answer(404, what);
    if (ec == errc::being_carried_over)
        return error_answer(503, ec.message());
    return error_answer(503, "the store can't be read now; the log says why");
}

std::optional<response> refuse_unless_read(const request& asked) {
    if (asked.method == "GET" || asked.method == "HEAD")
        return std::nullopt;
    return with_allow("only GET and HEAD are allowed here", "GET, HEAD");
}

std::optional<response> refuse_unless_post(const request& asked) {
    if (asked.method != "POST")
        return with_allow("only POST is allowed here", "POST");
    if (!is_json(asked.content_type))
        return error_answer(415, "a request that changes something needs Content-Type: application/json");
    return std::nullopt;
}

std::optional<response> refuse_parameters(const request& asked) {
    const auto parsed = parse_list_query(asked.query(), {}, wall_now());
    if (const auto* const bad = std::get_if<bad_parameter>(&parsed))
        return error_answer(400, bad->message);
    return std::nullopt;
}

routes::routes(services asked, authorization checked)
    : services_(std::move(asked)), authorization_(std::move(checked)) {}

answer routes::route(const request& asked) const {
    if (const auto refused = authorization_.refuse(asked))
        return *refused;
    const std::string_view path = asked.path();
    if (const auto rest = below(path, "/api/events"))
        return event_route(asked, *rest, services_);
    if (const auto rest = below(path, "/api/dead"))
        return dead_route(asked, *rest, services_);
    if (const auto rest = below(path, "/api/quarantine"))
        return quarantine_route(asked, *rest, services_);
    if (const auto rest = below(path, "/api/backfill"))
        return backfill_route(asked, *rest, services_);
    if (is_dashboard(path))
        return dashboard_route(asked);
    constexpr std::array known = std::to_array<std::string_view>(
        {"/livez", "/readyz", "/metrics", "/api/status", "/api/configuration"});
    if (std::ranges::find(known, path) == known.end())
        return not_found(path);
    if (auto refused = refuse_unless_read(asked))
        return *refused;
    if (path == "/livez")
        return livez();
    if (path == "/readyz")
        return readyz(asked);
    if (path == "/metrics")
        return metrics_text();
    return path == "/api/status" ? status_now() : json_answer(*services_.configuration());
}

response routes::livez() const {
    const std::optional<std::string> failure = services_.failure();
    return failure ? text_answer(503, *failure) : text_answer(200, "ok");
}

response routes::readyz(const request& asked) const {
    std::vector<std::string> reasons = services_.unready_reasons();
    const bool is_ready = reasons.empty();
    std::ranges::move(services_.troubles(), std::back_inserter(reasons));
    if (reasons.empty())
        return text_answer(200, "ok");
    std::string text = is_ready ? "ok, but\n" : "not ready\n";
    if (authorization_.has_token(asked)) {
        for (const std::string& each : reasons)
            text += each + '\n';
    }
    return text_answer(is_ready ? 200 : 503, std::move(text));
}

response routes::metrics_text() const {
    return {200, std::string{metrics_type}, services_.figures.text(), {}};
}

response routes::status_now() const {
    const store::ledger accounts = services_.events.accounts();
    const store::handler_depth waiting = services_.events.outbox();
    std::vector<store::handler_depth> depths = services_.events.depths();
    if (const std::uint64_t nobodys = services_.events.dead_without_handler(); nobodys > 0)
        depths.push_back({.handler = {}, .dead = nobodys, .oldest_pending = {}, .last_error = {}});
    const status now{
        .started_at = services_.started_at,
        .roles = services_.roles,
        .unready_reasons = services_.unready_reasons(),
        .troubles = services_.troubles(),
        .outbox = waiting.pending + waiting.retry,
        .broker = services_.broker(),
        .webhooks = services_.webhooks(),
        .backfill = services_.backfill_state(),
        .quarantined = services_.doubtful.size(),
        .unrouted = accounts.unrouted,
        .handler_names = services_.handler_names(),
        .depths = std::move(depths),
        .running = services_.running,
    };
    return json_answer(to_json(now, wall_now()));
}

} // namespace outreachd::admin
