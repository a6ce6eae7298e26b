#include "daemon/command_line/outreach_status_text.hpp"

#include "daemon/command_line/json_fields.hpp"
#include "daemon/command_line/printable.hpp"
#include "daemon/command_line/spoken_count.hpp"
#include "daemon/command_line/spoken_time.hpp"

#include <algorithm>

namespace outreachd::command_line {

namespace {

namespace json = boost::json;

constexpr std::size_t problem_width_max = 200;

std::string spoken_at(const json::value& from, std::string_view key, wall_time now) {
    const auto time = parse_timestamp(text_at(from, key));
    return time ? spoken_relative(*time, now) : "at an unknown time";
}

bool sends(const json::value& webhook) {
    return !text_at(webhook, "id").empty() && fact_at(webhook, "active") &&
           text_at(webhook, "disabled_reason").empty();
}

std::string webhooks_text(const json::value& webhooks, wall_time now) {
    std::string text = "not looked at yet";
    if (!text_at(webhooks, "looked_at").empty()) {
        const json::array& list = list_at(webhooks, "list");
        text = std::to_string(std::ranges::count_if(list, sends)) + " of " + std::to_string(list.size()) +
               " send, looked at " + spoken_at(webhooks, "looked_at", now);
        if (const double more = number_at(webhooks, "left_out"); more > 0)
            text += "; " + counted(more, "other") + " not listed";
    }
    if (const std::string problem = text_at(webhooks, "problem"); !problem.empty())
        text += "; nothing newer is known: " + shortened(printable(problem), problem_width_max);
    return text;
}

std::string counts_text(const json::value& backfill) {
    double listed = 0;
    double missing = 0;
    double stored = 0;
    std::size_t unfinished = 0;
    for (const json::value& one : list_at(backfill, "resources")) {
        listed += number_at(one, "listed");
        missing += number_at(one, "missing");
        stored += number_at(one, "stored");
        if (!fact_at(one, "done"))
            ++unfinished;
    }
    std::string text = counted(listed, "record") + " changed, " + counted(missing, "event") + " missing";
    if (!fact_at(backfill, "dry_run"))
        text += ", " + counted(stored, "event") + " stored";
    if (unfinished > 0)
        text += ", " + counted(static_cast<double>(unfinished), "resource") + " not compared";
    return text;
}

std::string backfill_text(const json::value& backfill, wall_time now) {
    if (text_at(backfill, "started_at").empty())
        return "idle, and none has run";
    const std::string kind = fact_at(backfill, "dry_run") ? "dry run" : "run";
    if (!fact_at(backfill, "running"))
        return "idle; the last " + kind + " ended " + spoken_at(backfill, "finished_at", now) + ": " +
               counts_text(backfill);
    std::string text =
        kind + " begun " + spoken_at(backfill, "started_at", now) + ": " + counts_text(backfill);
    if (const std::string waits_for = text_at(backfill, "waits_for"); !waits_for.empty())
        text += "; waiting: " + shortened(printable(waits_for), problem_width_max);
    return text;
}

std::string gap_text(const json::value& backfill) {
    const std::string since = printable(text_at(backfill, "gap_since"));
    if (since.empty())
        return {};
    return "  gap          since " + since +
           (fact_at(backfill, "automatic") ? ", fetched by itself"
                                           : "; `outreachd backfill --since " + since + "` fetches it") +
           '\n';
}

} // namespace

std::string outreach_status_text(const json::value& answer, wall_time now) {
    std::string text;
    if (!answer.is_object())
        return text;
    if (const json::value* const webhooks = answer.get_object().if_contains("webhooks"))
        text += "  webhooks     " + webhooks_text(*webhooks, now) + '\n';
    if (const json::value* const backfill = answer.get_object().if_contains("backfill"))
        text += "  backfill     " + backfill_text(*backfill, now) + '\n' + gap_text(*backfill);
    return text;
}

} // namespace outreachd::command_line
