#include "daemon/sandbox/demo_data.hpp"

#include <boost/json/array.hpp>

#include <cassert>

namespace outreachd::sandbox {

namespace json = boost::json;

namespace {

struct demo_prospect {
    const char* first_name;
    const char* last_name;
    const char* title;
    const char* email;
};

record_id add_sequence(records& into, record_id user) {
    const record& sequence = into.create(
        "sequence", {{"name", "After the trade fair"}, {"enabled", true}, {"sequenceStepCount", 3}},
        {{"owner", {user}}}, user);
    const record& text = into.create(
        "template",
        {{"name", "First mail"}, {"subject", "Quick question"}, {"bodyHtml", "<p>Are you free?</p>"}},
        {{"owner", {user}}}, user);
    std::int64_t order = 0;
    for (const char* const kind : {"auto_email", "call", "task"}) {
        const record& step =
            into.create("sequenceStep", {{"stepType", kind}, {"interval", 1440}, {"order", ++order}},
                        {{"sequence", {sequence.id}}}, user);
        if (order == 1)
            into.create("sequenceTemplate", {}, {{"sequenceStep", {step.id}}, {"template", {text.id}}}, user);
    }
    return sequence.id;
}

} // namespace

void make_demo_data(records& into, bool is_empty) {
    const record& user = into.create("user",
                                     {{"email", "nadia.brandt@example.com"},
                                      {"firstName", "Nadia"},
                                      {"lastName", "Brandt"},
                                      {"name", "Nadia Brandt"}},
                                     {});
    assert(user.id == first_user);
    if (is_empty)
        return;
    const record_id me = user.id;
    into.create("mailbox", {{"email", "nadia.brandt@example.com"}}, {{"user", {me}}}, me);
    std::int64_t order = 0;
    for (const char* const name : {"Cold", "Contacted", "Replied", "Customer"})
        into.create("stage", {{"name", name}, {"order", ++order}}, {}, me);
    const record_id stage = into.all("stage").begin()->first;
    const record& account = into.create(
        "account", {{"name", "Contoso, Inc."}, {"domain", "contoso.example"}, {"industry", "Retail"}},
        {{"owner", {me}}}, me);
    std::vector<record_id> prospects;
    for (const demo_prospect& each :
         {demo_prospect{"Ines", "Carvalho", "VP Operations", "ines.carvalho@contoso.example"},
          demo_prospect{"Tomas", "Lindqvist", "Head of Procurement", "tomas.lindqvist@contoso.example"},
          demo_prospect{"Aiko", "Mori", "Buyer", "aiko.mori@contoso.example"}}) {
        const record& made =
            into.create("prospect",
                        {{"firstName", each.first_name},
                         {"lastName", each.last_name},
                         {"title", each.title},
                         {"emails", json::array{each.email}}},
                        {{"account", {account.id}}, {"owner", {me}}, {"stage", {stage}}}, me);
        prospects.push_back(made.id);
    }
    add_sequence(into, me);
    for (const record_id prospect : prospects)
        into.create("task", {{"action", "call"}, {"note", "Call before noon"}, {"dueAt", time_now()}},
                    {{"owner", {me}}, {"prospect", {prospect}}}, me);
    into.create("opportunity", {{"name", "Fifty seats"}, {"amount", 12'000}},
                {{"account", {account.id}}, {"owner", {me}}}, me);
}

} // namespace outreachd::sandbox
