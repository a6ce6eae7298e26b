/// A heading, a timeline, and a table of deliveries.
#include "daemon/command_line/event_story_text.hpp"

#include "daemon/command_line/columns.hpp"
#include "daemon/command_line/json_fields.hpp"
#include "daemon/command_line/printable.hpp"
#include "daemon/command_line/spoken_count.hpp"
#include "daemon/command_line/spoken_time.hpp"

#include <algorithm>
#include <iterator>
#include <ostream>
#include <string_view>
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

/// Whether the attempt is the one that a delivery ended by, and not one of before a replay.
bool is_end_of(const json::value& attempt, const json::value& delivery) {
    if (text_at(attempt, "handler") != text_at(delivery, "handler") ||
        text_at(attempt, "outcome") != text_at(delivery, "state"))
        return false;
    constexpr std::chrono::milliseconds rounding{2}; // of the texts
    const auto began = parse_timestamp(text_at(attempt, "started_at"));
    const auto ended = parse_timestamp(text_at(delivery, "finished_at"));
    const std::chrono::duration<double> took{number_at(attempt, "took_seconds")};
    return !began || !ended ||
           *began + std::chrono::duration_cast<wall_time::duration>(took) + rounding >= *ended;
}

/// The last word on a delivery whose attempts were not kept one by one, as none of them failed.
bool is_told_by_attempts(const json::value& story, const json::value& delivery) {
    const json::array& attempts = list_at(story, "attempts");
    const bool is_unfinished = text_at(delivery, "finished_at").empty();
    return is_unfinished ||
           std::ranges::any_of(attempts, [&](const json::value& each) { return is_end_of(each, delivery); });
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

/// What can be said of an event by how it came here, and no more than that.
struct arrival {
    std::string_view origin;
    const char* sent;
    const char* by_clock;
    const char* received;
    const char* judged;
    const char* judgement;
    const char* stored; ///< Where it went well.
};

constexpr arrival arrivals[]{
    {"signed", "sent", "by Outreach's clock", "received", "verified", "its signature holds",
     "on disk before the 200 was sent"},
    {"unsigned", "sent", "as its body says", "received", "accepted",
     "without a signature (`unsigned: accept`): nothing proves who sent it",
     "on disk before the 200 was sent"},
    {"fetched", "changed", "by Outreach's clock", "fetched", "trusted",
     "a backfill had it from Outreach's API: no webhook brought it, and it has no signature", "on disk"},
    {"queue", "sent", "as its body says", "received", "taken in",
     "from a work queue: whoever may publish there is believed", "on disk before the broker was told so"},
};
constexpr arrival unknown_arrival{
    "",         "sent",     "as its body says",
    "received", "accepted", "whether it was signed wasn't kept when it was stored",
    "on disk"};

const arrival& arrival_of(const json::value& story) {
    const auto found = std::ranges::find(arrivals, text_at(story, "origin"), &arrival::origin);
    return found == std::end(arrivals) ? unknown_arrival : *found;
}

std::string received_how(const json::value& story, const arrival& how) {
    const std::string type = text_at(story, "content_type");
    std::string size = text_at(story, "size") + " bytes" + (type.empty() ? "" : " of " + type);
    const std::string endpoint = text_at(story, "endpoint");
    if (endpoint.empty() || how.origin == "fetched")
        return size;
    return (how.origin == "queue" ? "as its message says, on " : "on ") + endpoint + ", " + size;
}

/// One of our own that came back from the broker has a new place in the store, and `stored_at` is of that.
bool has_come_back(const json::value& story) {
    return story.is_object() && story.get_object().contains("published_at") &&
           !list_at(story, "deliveries").empty();
}

void tell_arrival(const json::value& story, std::vector<happening>& into) {
    const arrival& how = arrival_of(story);
    if (const std::string sent = text_at(story, "delivered_at"); !sent.empty())
        into.push_back({sent, how.sent, how.by_clock});
    into.push_back({text_at(story, "received_at"), how.received, received_how(story, how)});
    if (fact_at(story, "damaged")) {
        into.push_back({"", "stored", "and damaged since: its checksum no longer holds"});
        return;
    }
    const bool is_told_when = !has_come_back(story);
    const std::string late = is_told_when ? stored_late(story) : std::string{};
    if (how.origin == "signed" && !late.empty()) {
        into.push_back(
            {late, "verified", "only then: the signature fitted no secret before, or the disk failed"});
        into.push_back({"", "stored", "on disk"});
    } else if (how.origin == "unsigned" && !late.empty()) {
        into.push_back({"", how.judged, how.judgement});
        into.push_back({late, "stored", "on disk, only then: it failed before"});
    } else {
        const std::string taken_in = how.origin == "queue" ? text_at(story, "stored_at") : std::string{};
        into.push_back({taken_in, how.judged, how.judgement});
        into.push_back({"", "stored", is_told_when ? how.stored : "on disk"});
    }
}

std::vector<happening> timeline(const json::value& story) {
    std::vector<happening> all;
    tell_arrival(story, all);
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
    out << printable(text_at(story, "name")) << "  " << printable(text_at(story, "state")) << '\n';
    line("event      ", text_at(story, "id"));
    line("resource   ", resource_of(story));
    line("source     ", text_at(story, "source"));
    line("job        ", text_at(story, "job_id"));
    line("Outreach's event id  ", text_at(story, "outreach_event_id"));
    out << '\n';
    write_timeline(timeline(story), out);
    write_deliveries(story, now, out);
    for (const json::value& each : list_at(story, "deliveries")) {
        if (const std::string answer = text_at(each, "last_answer"); !answer.empty())
            out << "\nlast answer to " << printable(handler_of(each)) << ":\n"
                << printable_lines(shortened(answer, 400), "  ");
    }
    out << "\n`--json` shows the headers and the body too.\n";
}

} // namespace outreachd::command_line
