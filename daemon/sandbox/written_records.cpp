#include "daemon/sandbox/written_records.hpp"

#include "daemon/sandbox/random_token.hpp"
#include "daemon/sandbox/sequence_flow.hpp"

#include <algorithm>

namespace outreachd::sandbox {

namespace json = boost::json;

namespace {

/// Contract 1.2, and http to this machine, where a developer's own receiver is.
void check_webhook_url(const json::object& attributes) {
    if (!attributes.contains("url"))
        return;
    const auto to = parse_url(text_member(attributes, "url"));
    if (!to || (!to->is_tls && to->host != "localhost" && !is_loopback(to->host)))
        throw invalid("/data/attributes/url", "must be https (or http to this machine, in the sandbox)");
}

/// Contract section 4: an action that the resource doesn't raise is a webhook that never fires.
void check_webhook_pair(const std::string& resource, const std::string& action) {
    const resource_type* const type = find_type(resource);
    if (resource != "*" && (type == nullptr || type->events.empty()))
        throw invalid("/data/attributes/resource", "is not included in the list");
    const bool is_ordinary = action == "created" || action == "updated" || action == "destroyed";
    const bool is_raised = action == "*" || (resource == "*" && is_ordinary) ||
                           (type != nullptr && std::ranges::find(type->events, action) != type->events.end());
    if (!is_raised)
        throw invalid("/data/attributes/action", "is not included in the list");
}

void prepare_webhook(const world& in, written_document& written, const record* updated, bool is_by_user) {
    check_webhook_url(written.attributes);
    const auto now_or_then = [&](const char* name) {
        if (written.attributes.contains(name))
            return text_member(written.attributes, name);
        return updated == nullptr ? std::string{"*"} : updated->text(name);
    };
    check_webhook_pair(now_or_then("resource"), now_or_then("action"));
    for (const char* const name : {"disabledReason", "disabledSince", "disabledUntil"})
        written.attributes[name] = nullptr; // Contract 3.11: any update ends a suspension.
    if (updated != nullptr)
        return;
    written.attributes["cleanupToken"] = make_token();
    // Server to server there is no user (contract 7.25).
    written.attributes["creatorAppId"] = is_by_user ? in.configured.client_id : in.configured.s2s_guid;
    written.attributes["creatorAppName"] = "Sandbox";
}

/// What a sequence lets happen to a prospect that it has had already (contract 11.5).
void check_enrolment(const world& in, const written_document& written) {
    const auto prospect = written.relationships.at("prospect").front();
    const auto sequence = written.relationships.at("sequence").front();
    const record* const rules =
        in.data.find("ruleset", in.data.find("sequence", sequence)->link("ruleset").value_or(0));
    const std::string permitted = rules == nullptr ? "disallow" : rules->text("permitDuplicateProspects");
    if (permitted == "allow")
        return;
    for (const auto& [id, each] : in.data.all("sequenceState")) {
        const bool is_same = each.link("prospect") == prospect && each.link("sequence") == sequence;
        if (is_same && (permitted == "disallow" || each.text("state") != "finished"))
            throw invalid("/data/relationships/prospect", "has already been added to this sequence");
    }
}

void prepare_state(world& in, written_document& written) {
    check_enrolment(in, written);
    const std::string now = time_now();
    written.attributes["state"] = "active";
    written.attributes["stateChangedAt"] = written.attributes["activeAt"] = now;
    const record* const first = first_step(in, written.relationships.at("sequence").front());
    if (first != nullptr)
        written.relationships["sequenceStep"] = {first->id};
}

void prepare_step(world& in, written_document& written) {
    record& sequence = *in.data.find("sequence", written.relationships.at("sequence").front());
    if (sequence.text("sequenceType") == "date" && written.attributes.contains("interval"))
        throw invalid("/data/attributes/interval", "A sequence of type date has steps with a date.");
    const json::value& held = sequence.attribute("sequenceStepCount");
    const std::int64_t count = (held.is_int64() ? held.get_int64() : 0) + 1;
    in.data.change_record(sequence, {.attributes = {{"sequenceStepCount", count}}});
    written.attributes.emplace("order", count);
}

/// A call, or a task's own completion: `task` with `meta: {complete: true}` (contract 11.16).
void complete_linked(world& in, const written_document& written, std::optional<record_id> user) {
    for (const std::string& name : written.completing) {
        const auto to = written.relationships.find(name);
        if (name != "task" || to == written.relationships.end() || to->second.empty())
            continue;
        record& task = *in.data.find("task", to->second.front());
        if (task.attribute("completed") != json::value(true))
            complete_task(in, task, {}, {}, user);
    }
}

void invite(world& in, const record& user, const json::object& meta) {
    const json::value* const wanted = meta.if_contains("sendInvite");
    if (wanted != nullptr && *wanted == json::value(false))
        return;
    in.invitations.push_back(user.text("email"));
    if (in.invitations.size() > world::requests_max)
        in.invitations.pop_front();
}

} // namespace

record& create_record(world& in, const resource_type& type, written_document written,
                      std::optional<record_id> user) {
    const std::string_view kind = type.type;
    const json::object meta = written.meta;
    if (kind == "webhook")
        prepare_webhook(in, written, nullptr, user.has_value());
    else if (kind == "sequenceState")
        prepare_state(in, written);
    else if (kind == "sequenceStep")
        prepare_step(in, written);
    else if (kind == "mailing") {
        written.attributes["state"] = "scheduled";
        written.attributes["stateChangedAt"] = time_now();
        written.attributes.emplace("scheduledAt", time_now());
    } else if (kind == "user")
        written.attributes["name"] =
            text_member(written.attributes, "firstName") + ' ' + text_member(written.attributes, "lastName");
    const bool has_owner = type.find_relationship("owner") != nullptr;
    if (has_owner && user && !written.relationships.contains("owner"))
        written.relationships["owner"] = {*user};

    record& made = in.data.create(kind, written.attributes, written.relationships, user);
    if (kind == "sequenceState")
        begin_sequence(in, made, user);
    else if (kind == "mailing")
        schedule_mailing(in, made.id);
    else if (kind == "call")
        complete_linked(in, written, user);
    else if (kind == "user")
        invite(in, made, meta);
    return made;
}

void update_record(world& in, record& subject, written_document written, std::optional<record_id> user) {
    if (subject.is("webhook"))
        prepare_webhook(in, written, &subject, user.has_value());
    if (subject.is("prospect") && written.attributes.contains("optedOut"))
        written.attributes["optedOutAt"] =
            written.attributes.at("optedOut") == json::value(true) ? json::value(time_now()) : json::value{};
    if (subject.is("sequence") && written.attributes.contains("enabled"))
        written.attributes["enabledAt"] =
            written.attributes.at("enabled") == json::value(true) ? json::value(time_now()) : json::value{};
    in.data.change_record(
        subject,
        {.attributes = std::move(written.attributes), .relationships = std::move(written.relationships)},
        user);
}

} // namespace outreachd::sandbox
