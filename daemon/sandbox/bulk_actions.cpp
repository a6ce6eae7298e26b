#include "daemon/sandbox/bulk_actions.hpp"

#include "daemon/sandbox/sequence_flow.hpp"
#include "daemon/sandbox/written_records.hpp"

#include <boost/json/array.hpp>

#include <algorithm>

namespace outreachd::sandbox {

namespace json = boost::json;

namespace {

/// The attribute's value, which `check` has found to be there.
std::int64_t id_in(const json::object& attributes, std::string_view name) {
    return attributes.at(name).as_int64();
}

void need_id(const json::object& attributes, std::string_view name) {
    const json::value* const given = attributes.if_contains(name);
    if (given == nullptr || !given->is_int64())
        throw invalid("/data/attributes/" + std::string{name}, "can't be blank");
}

void need_list(const json::object& attributes, std::string_view name) {
    const json::value* const given = attributes.if_contains(name);
    if (given == nullptr || !given->is_array() || given->get_array().empty())
        throw invalid("/data/attributes/" + std::string{name}, "can't be blank");
}

void need_nothing(const json::object& /*attributes*/) {}

void need_tags(const json::object& attributes) {
    need_list(attributes, "tags");
}

void need_users(const json::object& attributes) {
    need_list(attributes, "userIds");
}

/// The three forms of a modification (contract 9.5) as a map of attribute to value.
json::object modification(const json::object& attributes) {
    for (const auto& [name, value] : {std::pair{"fieldName", "fieldValue"}, std::pair{"field", "value"}}) {
        if (const json::value* const field = attributes.if_contains(name);
            field != nullptr && field->is_string()) {
            const json::value* const given = attributes.if_contains(value);
            json::object one;
            one[field->get_string()] = given == nullptr ? json::value{} : *given;
            return one;
        }
    }
    json::object map = attributes;
    map.erase("ids");
    return map;
}

void need_modification(const json::object& attributes) {
    if (modification(attributes).empty())
        throw invalid("/data/attributes", "There is nothing to modify.");
}

void modify(const bulk_call& of) {
    written_document written;
    for (const auto& [name, value] : modification(of.attributes)) {
        check_attribute(*of.subject.type, name, value, "/data/attributes/" + std::string{name});
        written.attributes[name] = value;
    }
    update_record(of.in, of.subject, std::move(written), of.user);
}

json::array tags_of(const record& subject) {
    const json::value& held = subject.attribute("tags");
    return held.is_array() ? held.get_array() : json::array{};
}

void add_tags(const bulk_call& of) {
    json::array tags = tags_of(of.subject);
    for (const json::value& each : of.attributes.at("tags").as_array()) {
        if (std::ranges::find(tags, each) == tags.end())
            tags.push_back(each);
    }
    of.in.data.change_record(of.subject, {.attributes = {{"tags", tags}}}, of.user);
}

void remove_tags(const bulk_call& of) {
    const json::array& gone = of.attributes.at("tags").as_array();
    json::array tags;
    for (const json::value& each : tags_of(of.subject)) {
        if (std::ranges::find(gone, each) == gone.end())
            tags.push_back(each);
    }
    of.in.data.change_record(of.subject, {.attributes = {{"tags", tags}}}, of.user);
}

/// Leads the record's `relationship` to the one whose id is given.
void assign(const bulk_call& of, const char* relationship, const char* type, const char* attribute) {
    const std::int64_t id = id_in(of.attributes, attribute);
    if (of.in.data.find(type, id) == nullptr)
        throw invalid("/data/attributes/" + std::string{attribute},
                      "There is no such " + std::string{type} + ".");
    of.in.data.change_record(of.subject, {.relationships = {{relationship, {id}}}}, of.user);
}

void set_assigned(const bulk_call& of, std::vector<record_id> users) {
    of.in.data.change_record(of.subject, {.relationships = {{"assignedUsers", std::move(users)}}}, of.user);
}

void add_assignments(const bulk_call& of) {
    std::vector<record_id> users = of.subject.relationships["assignedUsers"];
    for (const json::value& each : of.attributes.at("userIds").as_array()) {
        if (!each.is_int64() || of.in.data.find("user", each.get_int64()) == nullptr)
            throw invalid("/data/attributes/userIds", "There is no such user.");
        if (std::ranges::find(users, each.get_int64()) == users.end())
            users.push_back(each.get_int64());
    }
    set_assigned(of, std::move(users));
}

void remove_assignments(const bulk_call& of) {
    std::vector<record_id> users = of.subject.relationships["assignedUsers"];
    for (const json::value& each : of.attributes.at("userIds").as_array())
        std::erase_if(users, [&](record_id user) { return json::value(user) == each; });
    set_assigned(of, std::move(users));
}

void remove_all_assignments(const bulk_call& of) {
    set_assigned(of, {});
}

void destroy(const bulk_call& of) {
    of.in.data.destroy(of.subject);
}

void add_to_sequence(const bulk_call& of) {
    written_document written;
    written.relationships = {{"prospect", {of.subject.id}},
                             {"sequence", {id_in(of.attributes, "sequenceId")}},
                             {"mailbox", {id_in(of.attributes, "mailboxId")}}};
    for (const char* const type : {"sequence", "mailbox"}) {
        if (of.in.data.find(type, written.relationships.at(type).front()) == nullptr)
            throw invalid("/data/attributes", "There is no such " + std::string{type} + ".");
    }
    create_record(of.in, type_of("sequenceState"), std::move(written), of.user);
}

/// Every sequence state of the prospect that is in one of those states.
template <typename Do>
void for_states(const bulk_call& of, std::initializer_list<std::string_view> in_states, Do act) {
    std::vector<record_id> found;
    for (const auto& [id, each] : of.in.data.all("sequenceState")) {
        if (each.link("prospect") == of.subject.id &&
            std::ranges::find(in_states, each.text("state")) != in_states.end())
            found.push_back(id);
    }
    for (const record_id id : found)
        act(*of.in.data.find("sequenceState", id));
}

void finish_all(const bulk_call& of) {
    for_states(of, {"active", "pending", "paused"},
               [&](record& state) { finish_state(of.in, state, {}, of.user); });
}

void pause_all(const bulk_call& of) {
    for_states(of, {"active"}, [&](record& state) {
        of.in.data.change_record(state, {.attributes = {{"state", "paused"}, {"stateChangedAt", time_now()}}},
                                 of.user);
    });
}

void need_owner(const json::object& attributes) {
    need_id(attributes, "ownerId");
}

void assign_owner(const bulk_call& of) {
    assign(of, "owner", "user", "ownerId");
}

constexpr bulk_action bulk_actions[]{
    {"accountAddTags", "account", need_tags, add_tags},
    {"accountsAddAssignments", "account", need_users, add_assignments},
    {"accountsAssignOwner", "account", need_owner, assign_owner},
    {"accountsBulkModify", "account", need_modification, modify},
    {"accountsDestroyAll", "account", need_nothing, destroy},
    {"accountsRemoveAllAssignments", "account", need_nothing, remove_all_assignments},
    {"accountsRemoveAssignments", "account", need_users, remove_assignments},
    {"accountsRemoveTags", "account", need_tags, remove_tags},
    {"prospectsAddAssignments", "prospect", need_users, add_assignments},
    {"prospectsAddTags", "prospect", need_tags, add_tags},
    {"prospectsAddToSequence", "prospect",
     [](const json::object& attributes) {
         need_id(attributes, "sequenceId");
         need_id(attributes, "mailboxId");
     },
     add_to_sequence},
    {"prospectsAssignAccount", "prospect",
     [](const json::object& attributes) { need_id(attributes, "accountId"); },
     [](const bulk_call& of) { assign(of, "account", "account", "accountId"); }},
    {"prospectsAssignOpportunity", "prospect",
     [](const json::object& attributes) { need_id(attributes, "opportunityId"); },
     [](const bulk_call& of) { assign(of, "opportunities", "opportunity", "opportunityId"); }},
    {"prospectsAssignOwner", "prospect", need_owner, assign_owner},
    {"prospectsBulkModify", "prospect", need_modification, modify},
    {"prospectsDestroyAll", "prospect", need_nothing, destroy},
    {"prospectsFinishAll", "prospect", need_nothing, finish_all},
    {"prospectsPauseAll", "prospect", need_nothing, pause_all},
    {"prospectsRemoveAllAssignments", "prospect", need_nothing, remove_all_assignments},
    {"prospectsRemoveAssignments", "prospect", need_users, remove_assignments},
    {"prospectsRemoveTags", "prospect", need_tags, remove_tags},
};

} // namespace

const bulk_action* find_bulk_action(std::string_view name) {
    const auto* const found = std::ranges::find(bulk_actions, name, &bulk_action::name);
    return found == std::end(bulk_actions) ? nullptr : found;
}

} // namespace outreachd::sandbox
