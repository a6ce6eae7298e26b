/// A heading, a timeline, and a table of deliveries.
#include "daemon/command_line/event_story_text.hpp"

#include "daemon/command_line/columns.hpp"
#include "daemon/command_line/json_fields.hpp"
#include "daemon/command_line/printable.hpp"
#include "daemon/command_line/spoken_count.hpp"
#include "daemon/command_line/spoken_time.hpp"

#include <algorithm>
#include <ostream>
#include <tuple>

namespace outreachd::command_line {

namespace {

namespace json = boost::json;

/// Something that happened. Times are RFC 3339 in UTC, so they sort as text.
struct happening {
    std::string time; ///< Empty: with the one before it.
    std::string what;
    std::string detail;
};

std::string with_reason(const std::string& text, const json::value& from) {
    const std::string reason = text_at(from, "reason");
    return reason.empty() ? text : text + ": " + reason;
}

std::string queued_for(const json::value& story) {
    if (text_at(story, "state") == "unrouted")
        return "no route takes it; it is kept, and delivered to nobody";
    std::string handlers;
    for (const json::value& each : list_at(story, "deliveries"))
        handlers += (handlers.empty() ? "for " : ", ") + handler_of(each);
    return handlers.empty() ? "waits to be routed" : handlers;
}

/// The last word on a delivery whose attempts were not kept one by one, as none of them failed.
bool is_told_by_attempts(const json::value& story, const json::value& delivery) {
    const json::array& attempts = list_at(story, "attempts");
    const bool is_unfinished = text_at(delivery, "finished_at").empty();
    return is_unfinished || std::any_of(attempts.begin(), attempts.end(), [&](const json::value& each) {
               return text_at(each, "handler") == text_at(delivery, "handler") &&
                      text_at(each, "outcome") == text_at(delivery, "state");
           });
}

std::vector<happening> attempts_in_order(const json::value& story) {
    std::vector<happening> tried;
    for (const json::value& each : list_at(story, "attempts")) {
        const std::chrono::duration<double> took{number_at(each, "took_seconds")};
        const std::string outcome = text_at(each, "outcome") + ", took " +
                                    spoken_short(std::chrono::duration_cast<std::chrono::microseconds>(took));
        tried.push_back({text_at(each, "started_at"), handler_of(each) + " #" + text_at(each, "number"),
                         with_reason(outcome, each)});
    }
    for (const json::value& each : list_at(story, "deliveries")) {
        if (!is_told_by_attempts(story, each))
            tried.push_back(
                {text_at(each, "finished_at"), handler_of(each), with_reason(text_at(each, "state"), each)});
    }
    std::stable_sort(tried.begin(), tried.end(),
                     [](const happening& a, const happening& b) { return a.time < b.time; });
    return tried;
}

/// When it was stored, where the request itself can't have been answered 200 any more; empty where it was.
std::string stored_late(const json::value& story) {
    const auto received = parse_timestamp(text_at(story, "received_at"));
    const auto stored = parse_timestamp(text_at(story, "stored_at"));
    constexpr std::chrono::seconds answer_time_max{5};
    return received && stored && *stored - *received > answer_time_max ? text_at(story, "stored_at")
                                                                       : std::string{};
}

/// Its way to a broker; false where it was never meant for one.
bool tell_publication(const json::value& story, std::vector<happening>& into) {
    if (!story.is_object() || !story.get_object().contains("published_at"))
        return false;
    const std::string confirmed = text_at(story, "published_at");
    const std::string reason = text_at(story, "unpublished_reason");
    if (!confirmed.empty())
        into.push_back({confirmed, "published", "the broker has confirmed it"});
    else
        into.push_back(
            {"", "outbox", reason.empty() ? "waits for the broker" : "waits for the broker: " + reason});
    return true;
}

std::vector<happening> timeline(const json::value& story) {
    std::vector<happening> all;
    if (const std::string sent = text_at(story, "delivered_at"); !sent.empty())
        all.push_back({sent, "sent", "by Outreach's clock"});
    const std::string type = text_at(story, "content_type");
    all.push_back({text_at(story, "received_at"), "received",
                   "on " + text_at(story, "endpoint") + ", " + text_at(story, "size") + " bytes" +
                       (type.empty() ? "" : " of " + type)});
    const std::string late = stored_late(story);
    all.push_back({late, "verified",
                   late.empty() ? "it is genuine; nothing else is stored"
                                : "only then: the signature fitted no secret before, or the disk failed"});
    const char* const stored = late.empty() ? "on disk before the 200 was sent" : "on disk";
    all.push_back({"", "stored",
                   fact_at(story, "damaged") ? "and damaged since: its checksum no longer holds" : stored});
    if (!tell_publication(story, all) || !list_at(story, "deliveries").empty())
        all.push_back({"", "queued", queued_for(story)});
    if (const double left_out = number_at(story, "attempts_left_out"); left_out > 0)
        all.push_back({"", "attempts", counted(left_out, "older one is", "older ones are") + " left out"});
    for (happening& each : attempts_in_order(story))
        all.push_back(std::move(each));
    return all;
}

void write_timeline(const std::vector<happening>& all, std::ostream& out) {
    std::size_t width = 0;
    for (const happening& each : all)
        width = std::max(width, width_of(printable(each.what)));
    for (const happening& each : all) {
        const std::string what = printable(each.what);
        out << "  " << printable(each.time)
            << std::string(each.time.size() < 24 ? 24 - each.time.size() : 0, ' ') << "  " << what
            << std::string(width - width_of(what) + 2, ' ') << printable(each.detail) << '\n';
    }
}

std::string next_step(const json::value& delivery, wall_time now) {
    const auto next = parse_timestamp(text_at(delivery, "next_attempt_at"));
    return next ? spoken_relative(*next, now) : std::string{};
}

void write_deliveries(const json::value& story, wall_time now, std::ostream& out) {
    std::vector<std::vector<std::string>> rows;
    for (const json::value& each : list_at(story, "deliveries"))
        rows.push_back({handler_of(each), text_at(each, "state"), text_at(each, "attempts"),
                        next_step(each, now), text_at(each, "id")});
    if (rows.empty())
        return;
    out << '\n';
    write_columns(out,
                  {{"HANDLER", column::side::left, 24},
                   {"STATE"},
                   {"ATTEMPTS", column::side::right},
                   {"NEXT ATTEMPT"},
                   {"DELIVERY"}},
                  rows);
}

} // namespace

void write_event_story(const json::value& story, wall_time now, std::ostream& out) {
    const auto line = [&](const char* title, const std::string& text) {
        if (!text.empty())
            out << "  " << title << printable(text) << '\n';
    };
    const std::string resource = text_at(story, "resource");
    out << printable(text_at(story, "name")) << "  " << printable(text_at(story, "state")) << '\n';
    line("event      ", text_at(story, "id"));
    line("resource   ", resource.empty() ? "" : resource + ' ' + text_at(story, "resource_id"));
    line("source     ", text_at(story, "source"));
    line("job        ", text_at(story, "job_id"));
    line("webhook id ", text_at(story, "outreach_event_id"));
    out << '\n';
    write_timeline(timeline(story), out);
    write_deliveries(story, now, out);
    for (const json::value& each : list_at(story, "deliveries")) {
        if (const std::string answer = text_at(each, "last_answer"); !answer.empty())
            out << "\nlast answer to " << printable(handler_of(each)) << ":\n  "
                << shortened(printable(answer), 400) << '\n';
    }
    out << "\n`--json` shows the headers and the body too.\n";
}

} // namespace outreachd::command_line
