#include "daemon/sandbox/member_actions.hpp"

#include "daemon/sandbox/batches.hpp"
#include "daemon/sandbox/sequence_flow.hpp"
#include "daemon/text/number.hpp"

#include <algorithm>

namespace outreachd::sandbox {

namespace json = boost::json;

namespace {

std::string value_of(const action_parameters& given, std::string_view name) {
    const auto found = given.find(name);
    return found == given.end() ? std::string{} : found->second;
}

std::string where(std::string_view name) {
    return "actionParams[" + std::string{name} + "]";
}

std::int64_t integer_of(const action_parameters& given, std::string_view name) {
    const auto value = parse_number<std::int64_t>(value_of(given, name));
    if (!value)
        throw invalid_parameter(where(name), "It must be an integer.");
    return *value;
}

json::value time_of(const action_parameters& given, std::string_view name) {
    const auto time = parse_timestamp(value_of(given, name));
    if (!time)
        throw invalid_parameter(where(name), "It must be an ISO 8601 time.");
    return json::value(to_rfc3339(*time));
}

refusal cannot(const std::string& detail) {
    return invalid("/data", detail);
}

/// A day behind the later of now and the due time (contract 11.14).
json::value a_day_later(const record& task) {
    const wall_time due = parse_timestamp(task.text("dueAt")).value_or(wall_now());
    return json::value(to_rfc3339(std::max(due, wall_now()) + std::chrono::days{1}));
}

struct call {
    world& in;
    record& subject;
    const action_parameters& given;
    std::optional<record_id> user;

    void set(json::object attributes, links relationships = {}) const {
        in.data.change_record(
            subject, {.attributes = std::move(attributes), .relationships = std::move(relationships)}, user);
    }
};

void need_open(const call& of) {
    if (of.subject.attribute("completed") == json::value(true))
        throw cannot("The task is complete already.");
}

void mark_complete(const call& of) {
    need_open(of);
    json::object attributes;
    for (const char* const name : {"completionNote", "completionAction"}) {
        if (of.given.contains(name))
            attributes[name] = value_of(of.given, name);
    }
    complete_task(of.in, of.subject, std::move(attributes), value_of(of.given, "completionAction"), of.user);
}

void log_meeting(const call& of) {
    need_open(of);
    json::object attributes{{"taskDispositionId", integer_of(of.given, "taskDispositionId")}};
    if (of.given.contains("taskPurposeId"))
        attributes["taskPurposeId"] = integer_of(of.given, "taskPurposeId");
    if (of.given.contains("completionNote"))
        attributes["completionNote"] = value_of(of.given, "completionNote");
    complete_task(of.in, of.subject, std::move(attributes), {}, of.user);
}

void reassign(const call& of) {
    const std::int64_t owner = integer_of(of.given, "ownerId");
    if (of.in.data.find("user", owner) == nullptr)
        throw invalid_parameter(where("ownerId"), "There is no such user.");
    of.set({}, {{"owner", {owner}}});
}

void snooze(const call& of) {
    need_open(of);
    json::object attributes{
        {"dueAt", of.given.contains("dueAt") ? time_of(of.given, "dueAt") : a_day_later(of.subject)}};
    if (of.given.contains("markAsUrgent"))
        attributes["isUrgent"] = value_of(of.given, "markAsUrgent") == "true";
    of.set(std::move(attributes));
}

/// From one of these states to another one.
void move_state(const call& of, std::initializer_list<std::string_view> from, const char* to) {
    const std::string now = of.subject.text("state");
    if (std::ranges::find(from, now) == from.end())
        throw cannot("A sequence state that is " + now + " can't be " + to + ".");
    if (std::string_view{to} == "finished")
        finish_state(of.in, of.subject, {}, of.user);
    else
        of.set({{"state", to}, {"stateChangedAt", time_now()}});
}

struct member_action {
    std::string_view type;
    std::string_view name;
    void (*run)(const call&);
};

constexpr member_action member_actions[]{
    {"task", "markComplete", mark_complete},
    {"task", "advance",
     [](const call& of) {
         need_open(of);
         complete_task(of.in, of.subject, {}, {}, of.user);
     }},
    {"task", "deliver",
     [](const call& of) {
         need_open(of);
         complete_task(of.in, of.subject, {}, {}, of.user);
     }},
    {"task", "logMeetInPerson", log_meeting},
    {"task", "snooze", snooze},
    {"task", "reschedule",
     [](const call& of) {
         of.set({{"dueAt", time_of(of.given, "dueAt")}});
     }},
    {"task", "reassignOwner", reassign},
    {"task", "updateNote",
     [](const call& of) {
         of.set({{"note", value_of(of.given, "note")}});
     }},
    {"task", "updateOpportunityAssociation",
     [](const call& of) {
         of.set({{"opportunityAssociation", value_of(of.given, "opportunityAssociation")}});
     }},
    {"sequenceState", "finish",
     [](const call& of) {
         move_state(of, {"active", "pending", "paused", "disabled", "failed"}, "finished");
     }},
    {"sequenceState", "pause", [](const call& of) { move_state(of, {"active"}, "paused"); }},
    {"sequenceState", "resume", [](const call& of) { move_state(of, {"paused"}, "active"); }},
    {"sequenceTemplate", "activate",
     [](const call& of) {
         of.set({{"enabled", true}, {"enabledAt", time_now()}});
     }},
    {"sequenceTemplate", "deactivate",
     [](const call& of) {
         of.set({{"enabled", false}});
     }},
    {"batch", "confirm",
     [](const call& of) { confirm_batch(of.in, of.subject, value_of(of.given, "confirmedCount")); }},
    {"batch", "cancel", [](const call& of) { cancel_batch(of.in, of.subject); }},
};

} // namespace

action_parameters read_action_parameters(const action& called, const std::vector<parameter>& query) {
    action_parameters given;
    for (const parameter& each : query) {
        if (each.name == "actionParams" && each.keys.size() == 1)
            given[each.keys.front()] = each.value;
        else if (each.name == "actionParams")
            throw refusal{400, "invalidActionParams", "Bad Request", "Parameters can't be nested here."};
    }
    for (const auto& [name, value] : given) {
        if (std::ranges::find(called.parameters, name, &action_parameter::name) == called.parameters.end())
            throw refusal{400, "invalidActionParams", "Bad Request",
                          "The action takes no parameter '" + name + "'."};
    }
    for (const action_parameter& each : called.parameters) {
        if (each.is_required && value_of(given, each.name).empty())
            throw invalid_parameter(where(each.name), "can't be blank");
    }
    return given;
}

void run_member_action(world& in, record& subject, const std::string& name,
                       const std::vector<parameter>& query, std::optional<record_id> user) {
    const action* const described = subject.type->find_action(name);
    if (described == nullptr)
        throw not_found("There is no such action.");
    const action_parameters given = read_action_parameters(*described, query);
    for (const member_action& each : member_actions) {
        if (each.type == subject.type->type && each.name == name)
            each.run({in, subject, given, user});
    }
}

} // namespace outreachd::sandbox
