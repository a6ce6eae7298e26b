#include "daemon/sandbox/batches.hpp"

#include "daemon/sandbox/bulk_actions.hpp"
#include "daemon/sandbox/filter.hpp"

#include <boost/json/array.hpp>

#include <algorithm>

namespace outreachd::sandbox {

namespace json = boost::json;

namespace {

constexpr std::size_t records_slice = 100; ///< Records between two looks at whether it is cancelled.

/// The terms of `actionParams[filter][...]`. A bare `filter[...]` is none (contract 9.4).
std::vector<filter::term> batch_terms(const std::vector<parameter>& query) {
    std::vector<filter::term> terms;
    for (const parameter& each : query) {
        if (each.name == "actionParams" && each.keys.size() > 1 && each.keys.front() == "filter")
            terms.push_back({{each.keys.begin() + 1, each.keys.end()}, each.value, each.written()});
    }
    // The seed repeats a filter without `[]`, and means a list (contract 9.3).
    for (filter::term& each : terms) {
        const auto same = [&](const filter::term& other) { return other.keys == each.keys; };
        if (each.keys.back().empty() || std::ranges::count_if(terms, same) == 1)
            continue;
        const std::vector<std::string> keys = each.keys;
        for (filter::term& other : terms) {
            if (other.keys == keys)
                other.keys.emplace_back();
        }
    }
    return terms;
}

/// Contract 9.2: without a filter, and without ids, every record there is.
std::vector<record_id> chosen(const world& in, const resource_type& type, const std::vector<parameter>& query,
                              const json::object& attributes) {
    const filter wanted{type, batch_terms(query), filter_syntax::new_style};
    const json::value* const listed = attributes.if_contains("ids");
    std::vector<record_id> ids;
    for (const auto& [id, each] : in.data.all(type.type)) {
        const bool is_listed =
            listed == nullptr || !listed->is_array() ||
            std::ranges::find(listed->get_array(), json::value(id)) != listed->get_array().end();
        if (is_listed && wanted.matches(each))
            ids.push_back(id);
    }
    return ids;
}

json::object attributes_in(std::string_view body) {
    if (body.empty()) // Contract 9.7.
        return {};
    const json::object document = parse_object(body);
    const json::value* const data = document.if_contains("data");
    const json::value* const attributes =
        data == nullptr || !data->is_object() ? nullptr : data->get_object().if_contains("attributes");
    return attributes == nullptr || !attributes->is_object() ? json::object{} : attributes->get_object();
}

void end_batch(world& in, record& batch, json::object attributes) {
    attributes["finishedAt"] = time_now();
    in.data.change_record(batch, {.attributes = std::move(attributes)});
    in.batches.erase(batch.id);
}

/// One record of a batch; false where it failed. Its item says why.
bool run_item(world& in, const batch_work& work, record_id batch, record_id id) {
    json::object item{
        {"batchId", batch}, {"data", json::object{{"id", id}}}, {"failed", false}, {"state", "done"}};
    const bulk_action& does = *find_bulk_action(work.action);
    record* const subject = in.data.find(does.type, id);
    if (subject != nullptr) { // Else it has gone meanwhile, and nothing is left to do.
        try {
            does.apply({in, *subject, work.attributes, work.user});
        } catch (const refusal& why) {
            item["failed"] = true;
            item["state"] = "error";
            item["info"] = why.detail;
        }
    }
    const bool has_failed = item.at("failed").as_bool();
    in.data.create("batchItem", item, {{"batch", {batch}}});
    return !has_failed;
}

void run_slice(world& in, record_id id) {
    record* const batch = in.data.find("batch", id);
    const auto held = in.batches.find(id);
    if (batch == nullptr || held == in.batches.end() || batch->text("state") == "canceled")
        return;
    batch_work& work = held->second;
    std::int64_t failures = batch->attribute("failures").as_int64();
    for (std::size_t done = 0; done < records_slice && work.done < work.ids.size(); ++done)
        failures += run_item(in, work, id, work.ids[work.done++]) ? 0 : 1;
    const std::size_t pending = work.ids.size() - work.done;
    json::object progress{{"failures", failures}, {"pending", pending}};
    if (pending > 0) {
        progress["state"] = "running";
        in.data.change_record(*batch, {.attributes = std::move(progress)});
        in.later(in.configured.work_delay, [&in, id] { run_slice(in, id); });
        return;
    }
    const bool has_all_failed = failures > 0 && failures == static_cast<std::int64_t>(work.ids.size());
    progress["state"] = has_all_failed ? "failed" : "finished";
    if (failures > 0) // Contract 9.12.
        progress["summary"] = std::to_string(failures) + " of " + std::to_string(work.ids.size()) + " failed";
    end_batch(in, *batch, std::move(progress));
}

void begin(world& in, record& batch, json::object attributes) {
    attributes["state"] = "pending";
    attributes["startedAt"] = time_now();
    in.data.change_record(batch, {.attributes = std::move(attributes)});
    in.later(in.configured.work_delay, [&in, id = batch.id] { run_slice(in, id); });
}

} // namespace

const resource_type* target_of(std::string_view name) {
    const bulk_action* const found = find_bulk_action(name);
    return found == nullptr ? nullptr : find_type(found->type);
}

record& start_batch(world& in, const std::string& name, const std::vector<parameter>& query,
                    std::string_view body, std::optional<record_id> user) {
    const bulk_action* const does = find_bulk_action(name);
    if (does == nullptr)
        throw not_found("There is no such bulk action.");
    const json::object attributes = attributes_in(body);
    does->check(attributes);
    std::vector<record_id> ids = chosen(in, type_of(does->type), query, attributes);
    const std::size_t total = ids.size();
    const bool is_slow = in.configured.count_delay > std::chrono::milliseconds{0}; // Contract 9.11.
    record& batch = in.data.create("batch",
                                   {{"action", name},
                                    {"state", is_slow ? "pending" : "confirming"},
                                    {"total", total},
                                    {"pending", total},
                                    {"confirmCount", total},
                                    {"confirmedCountRequired", total >= in.configured.confirmed_count_from}},
                                   {}, user);
    if (total > batch_items_max) {
        end_batch(in, batch, {{"state", "failed"}, {"summary", "A batch takes at most 100000 records."}});
        return batch;
    }
    in.batches[batch.id] = {name, std::move(ids), attributes, 0, user};
    if (find_parameter(query, "actionParams", {"skipConfirmation"}) == "true")
        begin(in, batch, {});
    else if (is_slow)
        in.later(in.configured.count_delay, [&in, id = batch.id] {
            if (record* const counted = in.data.find("batch", id);
                counted != nullptr && in.batches.contains(id))
                in.data.change_record(*counted, {.attributes = {{"state", "confirming"}}});
        });
    return batch;
}

void confirm_batch(world& in, record& batch, const std::string& count) {
    if (batch.text("state") != "confirming")
        throw invalid("/data", "The batch waits for no confirmation.");
    const bool is_required = batch.attribute("confirmedCountRequired") == json::value(true);
    const std::string wanted = std::to_string(batch.attribute("confirmCount").as_int64());
    if ((is_required || !count.empty()) && count != wanted)
        throw invalid_parameter("actionParams[confirmedCount]", "It must be " + wanted + ".");
    begin(in, batch, {{"confirmedAt", time_now()}});
}

void cancel_batch(world& in, record& batch) {
    if (!in.batches.contains(batch.id))
        throw invalid("/data", "The batch has ended.");
    end_batch(in, batch, {{"state", "canceled"}, {"canceledAt", time_now()}});
}

} // namespace outreachd::sandbox
