#include "daemon/admin/backfill_json.hpp"

namespace outreachd::admin {

namespace {

void write(json_writer& json, const backfilled_resource& one) {
    json.begin_object();
    json.member("resource", one.resource);
    json.member("listed", one.listed);
    json.member("missing", one.missing);
    json.member("stored", one.stored);
    json.member("done", one.is_done);
    json.member_or_null("problem", one.problem);
    json.end_object();
}

void write(json_writer& json, const backfill_gap& one) {
    json.begin_object();
    json.member("resource", one.resource);
    json.member("id", one.id);
    json.time_or_null("updated_at", one.updated_at);
    json.end_object();
}

template <typename Element>
void write_list(json_writer& json, std::string_view name, const std::vector<Element>& list) {
    json.key(name);
    json.begin_array();
    for (const Element& one : list)
        write(json, one);
    json.end_array();
}

/// What all who ask are told.
void write_run(json_writer& json, const std::optional<backfill_status>& what) {
    json.member("running", what && !what->finished_at);
    if (!what)
        return;
    json.time_or_null("since", what->since);
    json.member("dry_run", what->is_dry_run);
    json.time_or_null("started_at", what->started_at);
    json.time_or_null("finished_at", what->finished_at);
    json.member_or_null("waits_for", what->waits_for);
    write_list(json, "resources", what->resources);
}

} // namespace

std::string to_json(const std::optional<backfill_status>& what) {
    json_writer json;
    json.begin_object();
    write_run(json, what);
    if (what)
        write_list(json, "missing", what->missing);
    json.end_object();
    return std::move(json).take();
}

void write_backfill(json_writer& json, const backfill_overview& what) {
    json.begin_object();
    json.member("automatic", what.is_automatic);
    json.time_or_null("gap_since", what.gap_since);
    write_run(json, what.last);
    json.end_object();
}

} // namespace outreachd::admin
