#include "daemon/sandbox/sequence_flow.hpp"

#include "daemon/sandbox/random_token.hpp"

#include <algorithm>

namespace outreachd::sandbox {

namespace json = boost::json;

namespace {

/// The steps of a sequence, first one first.
std::vector<const record*> steps_of(const world& in, record_id sequence) {
    std::vector<const record*> steps;
    for (const auto& [id, each] : in.data.all("sequenceStep")) {
        if (each.link("sequence") == sequence)
            steps.push_back(&each);
    }
    std::ranges::stable_sort(steps, {}, [](const record* each) {
        const json::value& order = each->attribute("order");
        return order.is_int64() ? order.get_int64() : 0;
    });
    return steps;
}

std::int64_t counted(const record& of, std::string_view name) {
    const json::value& value = of.attribute(name);
    return value.is_int64() ? value.get_int64() : 0;
}

links links_of_state(const record& state, const record& step) {
    links some{{"sequenceState", {state.id}}, {"sequenceStep", {step.id}}};
    for (const char* const name : {"prospect", "sequence"}) {
        if (const auto to = state.link(name))
            some[name] = {*to};
    }
    return some;
}

void write_mail(world& in, const record& state, const record& step, std::optional<record_id> user) {
    links to = links_of_state(state, step);
    to["mailbox"] = {state.link("mailbox").value_or(0)};
    json::object attributes{{"mailingType", "sequence"}, {"state", "scheduled"}, {"scheduledAt", time_now()}};
    for (const auto& [id, each] : in.data.all("sequenceTemplate")) {
        const record* const text = in.data.find("template", each.link("template").value_or(0));
        if (each.link("sequenceStep") != step.id || text == nullptr)
            continue;
        to["template"] = {text->id};
        attributes["subject"] = text->attribute("subject");
        attributes["bodyHtml"] = text->attribute("bodyHtml");
        break;
    }
    schedule_mailing(in, in.data.create("mailing", attributes, to, user).id);
}

/// Does what a step is: a mail that goes by itself, or something for a person to do.
void enter_step(world& in, const record& state, const record& step, std::optional<record_id> user) {
    const std::string kind = step.text("stepType");
    if (kind == "auto_email") {
        write_mail(in, state, step, user);
        return;
    }
    links to = links_of_state(state, step);
    if (user)
        to["owner"] = {*user};
    in.data.create("task",
                   {{"action", kind == "call"           ? "call"
                               : kind == "manual_email" ? "email"
                                                        : "action_item"},
                    {"taskType", "sequence_step_" + kind},
                    {"note", step.attribute("taskNote")},
                    {"dueAt", time_now()}},
                   to, user);
}

/// Contract 11.18.
void count_for(record* whom, world& in, const char* name) {
    if (whom != nullptr)
        in.data.change_record(*whom, {.attributes = {{name, counted(*whom, name) + 1}}});
}

struct mail_effect {
    std::string_view what;
    const char* time;    ///< The attribute that says when.
    const char* counter; ///< Of the mailing, its sequence state and its prospect; null where there is none.
    bool is_state;       ///< The mailing's state is called so.
};

constexpr mail_effect mail_effects[]{
    {"delivered", "deliveredAt", nullptr, true},   {"opened", "openedAt", "openCount", true},
    {"clicked", "clickedAt", "clickCount", false}, {"replied", "repliedAt", nullptr, true},
    {"bounced", "bouncedAt", nullptr, true},
};

} // namespace

const record* first_step(const world& in, record_id sequence) {
    const auto steps = steps_of(in, sequence);
    return steps.empty() ? nullptr : steps.front();
}

void begin_sequence(world& in, record& state, std::optional<record_id> user) {
    if (const record* const first = in.data.find("sequenceStep", state.link("sequenceStep").value_or(0)))
        enter_step(in, state, *first, user);
}

void advance_state(world& in, record& state, std::optional<record_id> user) {
    if (state.text("state") != "active")
        return;
    const auto steps = steps_of(in, state.link("sequence").value_or(0));
    const auto now = std::ranges::find(steps, state.link("sequenceStep"),
                                       [](const record* each) { return std::optional{each->id}; });
    if (now == steps.end() || now + 1 == steps.end()) {
        finish_state(in, state, {}, user);
        return;
    }
    const record& next = **(now + 1);
    in.data.change_record(state,
                          {.attributes = {{"activeAt", time_now()}},
                           .relationships = {{"sequenceStep", {next.id}}},
                           .special = {"advanced"}},
                          user);
    enter_step(in, state, next, user);
}

void finish_state(world& in, record& state, json::object attributes, std::optional<record_id> user) {
    attributes.emplace("state", "finished");
    attributes["stateChangedAt"] = time_now();
    in.data.change_record(state, {.attributes = std::move(attributes), .special = {"finished"}}, user);
}

void complete_task(world& in, record& task, json::object attributes, const std::string& completion_action,
                   std::optional<record_id> user) {
    const std::string now = time_now();
    attributes["state"] = "complete";
    attributes["completed"] = true;
    attributes["completedAt"] = attributes["stateChangedAt"] = now;
    links completer;
    if (user)
        completer["completer"] = {*user};
    in.data.change_record(task,
                          {.attributes = std::move(attributes),
                           .relationships = std::move(completer),
                           .special = {"completed"}},
                          user);
    record* const state = in.data.find("sequenceState", task.link("sequenceState").value_or(0));
    if (state == nullptr || task.link("sequenceStep") != state->link("sequenceStep"))
        return;
    if (completion_action == "finish_no_reply")
        finish_state(in, *state, {}, user);
    else if (completion_action == "finish_replied")
        finish_state(in, *state, {{"repliedAt", now}, {"replyCount", counted(*state, "replyCount") + 1}},
                     user);
    else
        advance_state(in, *state, user);
}

void schedule_mailing(world& in, record_id mailing) {
    in.later(in.configured.work_delay, [&in, mailing] {
        record* const scheduled = in.data.find("mailing", mailing);
        if (scheduled == nullptr || scheduled->text("state") != "scheduled")
            return;
        mail_happened(in, *scheduled, "delivered");
        record* const state = in.data.find("sequenceState", scheduled->link("sequenceState").value_or(0));
        if (state != nullptr && scheduled->link("sequenceStep") == state->link("sequenceStep"))
            advance_state(in, *state, state->link("creator"));
    });
}

void mail_happened(world& in, record& mailing, const std::string& what) {
    const auto* const effect = std::ranges::find(mail_effects, what, &mail_effect::what);
    if (effect == std::end(mail_effects))
        throw not_found("A mail is delivered, opened, clicked, replied or bounced.");
    update done;
    done.attributes[effect->time] = time_now();
    if (effect->is_state) {
        done.attributes["state"] = what;
        done.attributes["stateChangedAt"] = time_now();
        done.special = {what};
    }
    if (what == "delivered")
        done.attributes["messageId"] = "<" + make_random() + "@mail.example>";
    record* const prospect = in.data.find("prospect", mailing.link("prospect").value_or(0));
    record* const state = in.data.find("sequenceState", mailing.link("sequenceState").value_or(0));
    if (effect->counter != nullptr)
        done.attributes[effect->counter] = counted(mailing, effect->counter) + 1;
    in.data.change_record(mailing, std::move(done));
    if (effect->counter != nullptr) {
        count_for(state, in, effect->counter);
        count_for(prospect, in, effect->counter);
    } else if (what == "delivered") {
        count_for(state, in, "deliverCount");
    } else if (what == "replied") {
        count_for(prospect, in, "replyCount");
    }
    const bool is_over = state != nullptr && state->text("state") == "active";
    if (is_over && what == "replied")
        finish_state(in, *state,
                     {{"repliedAt", time_now()}, {"replyCount", counted(*state, "replyCount") + 1}}, {});
    else if (is_over && what == "bounced")
        in.data.change_record(*state, {.attributes = {{"state", "bounced"}, {"stateChangedAt", time_now()}}});
}

} // namespace outreachd::sandbox
