/// One row a resource; the bodies of its actions are put together from the row.
///
/// The shapes are those of recorded deliveries: relationships are flat (contract 1.10), `created`
/// carries what was set, `updated` what changed and, with payload version 2, `beforeUpdate` (1.11,
/// 1.16), `destroyed` everything that was known, nulls and zeros too (1.12). In a row's JSON `@now` stands
/// for the time of the change and `@before` for a time in the week before it.
#include "daemon/command_line/samples.hpp"

#include <algorithm>
#include <cassert>
#include <cstdio>
#include <span>

namespace outreachd::command_line {

namespace {

/// An action that has its own word, and the attributes that it changes.
struct special_action {
    std::string_view name;
    std::string_view changed;
};

struct resource_sample {
    std::string_view type;
    std::string_view created;       ///< Attributes that were set at first.
    std::string_view relationships; ///< Of the whole resource.
    std::string_view before;        ///< Attributes that an update changes, as they were.
    std::string_view after;         ///< The same, as they are. Empty: there is no `updated`.
    std::string_view unset;         ///< Further attributes that only `destroyed` shows. Empty: none is sent.
    std::vector<special_action> special;
};

const std::vector<resource_sample>& resources() {
    static const std::vector<resource_sample> table{
        {.type = "account",
         .created = R"("domain":"fjordlicht.example","externalSource":"outreach-api","industry":"Energy",)"
                    R"("name":"Fjordlicht AS","named":true,"numberOfEmployees":410,"tags":["nordics"])",
         .relationships = R"("creator":{"type":"creator","id":14},"owner":{"type":"owner","id":14},)"
                          R"("updater":{"type":"updater","id":14})",
         .before = R"("numberOfEmployees":410,"tags":["nordics"])",
         .after = R"("numberOfEmployees":455,"tags":["nordics","priority"])",
         .unset = R"("companyType":null,"customId":null,"locality":null,"touchedAt":null,"websiteUrl":null)",
         .special = {}},
        {.type = "call",
         .created = R"("answeredAt":"@now","direction":"outbound","from":"+12065550142",)"
                    R"("note":"Asked for a quote by Friday","outcome":"Answered","state":"completed",)"
                    R"("tags":["Interested"],"to":"+4721900000")",
         .relationships = R"("prospect":{"type":"prospect","id":50340},"task":{"type":"task","id":331207},)"
                          R"("user":{"type":"user","id":14})",
         .before = R"("note":"Asked for a quote by Friday")",
         .after = R"("note":"Asked for a quote by Friday; wants it in euros")",
         .unset = R"("externalVendor":null,"recordingUrl":null,"voicemailRecordingUrl":null)",
         .special = {}},
        {.type = "emailAddress",
         .created = R"("email":"ronja.dahl@fjordlicht.example","emailType":"work","order":0,"status":null)",
         .relationships = R"("prospect":{"type":"prospect","id":50340})",
         .before = R"("status":null,"statusChangedAt":null)",
         .after = R"("status":"bounced","statusChangedAt":"@now")",
         .unset = R"("statusChangedAt":null,"unsubscribedAt":null)",
         .special = {}},
        {.type = "import",
         .created = R"("dupeMethod":"skip","fileName":"trade-fair.csv","state":"progressing","total":120)",
         .relationships = R"("creator":{"type":"creator","id":14})",
         .before = {},
         .after = {},
         .unset = {},
         .special = {{"finished", R"("dupes":4,"failures":1,"state":"finished","stateChangedAt":"@now",)"
                                  R"("total":120)"}}},
        {.type = "kaiaRecording",
         .created = R"("endTime":"@now","format":"meeting","mediaDurationSeconds":1740,)"
                    R"("participantCount":2,"provider":"zoom","startTime":"@before","state":"ENDED",)"
                    R"("title":"Fjordlicht: first meeting")",
         .relationships = {},
         .before = {},
         .after = {},
         .unset = {},
         .special = {}},
        {.type = "mailing",
         .created = R"("bodyHtml":"<p>Hi Ronja,<br/>is Tuesday still good?</p>","mailingType":"sequence",)"
                    R"("scheduledAt":"@now","state":"scheduled","subject":"Tuesday?",)"
                    R"("trackLinks":true,"trackOpens":true)",
         .relationships = R"("mailbox":{"type":"mailbox","id":6},"prospect":{"type":"prospect","id":50340},)"
                          R"("sequence":{"type":"sequence","id":61},)"
                          R"("sequenceState":{"type":"sequenceState","id":121880})",
         .before = R"("clickCount":0,"clickedAt":null)",
         .after = R"("clickCount":1,"clickedAt":"@now")",
         .unset = R"("bouncedAt":null,"clickCount":0,"deliveredAt":null,"errorReason":null,"openCount":0,)"
                  R"("repliedAt":null)",
         .special = {{"bounced", R"("bouncedAt":"@now","errorReason":"550 5.1.1 no such mailbox",)"
                                 R"("state":"bounced","stateChangedAt":"@now")"},
                     {"delivered", R"("deliveredAt":"@now","messageId":"<7f3e@mail.example>",)"
                                   R"("state":"delivered","stateChangedAt":"@now")"},
                     {"opened", R"("openCount":1,"openedAt":"@now","state":"opened",)"
                                R"("stateChangedAt":"@now")"},
                     {"replied", R"("repliedAt":"@now","replySentiment":"positive","state":"replied",)"
                                 R"("stateChangedAt":"@now")"}}},
        {.type = "opportunity",
         .created = R"("amount":18000,"closeDate":"2027-03-31T00:00:00.000Z","currencyType":"EUR",)"
                    R"("name":"Fjordlicht, first site","probability":25)",
         .relationships = R"("account":{"type":"account","id":9188},)"
                          R"("opportunityStage":{"type":"opportunityStage","id":4},)"
                          R"("owner":{"type":"owner","id":14})",
         .before = R"("amount":18000,"probability":25)",
         .after = R"("amount":24500,"probability":60)",
         .unset = R"("description":null,"nextStep":null,"opportunityType":null,"tags":[],"touchedAt":null)",
         .special = {}},
        {.type = "opportunityProspectRole",
         .created = R"("primary":true,"role":"Decision Maker")",
         .relationships = R"("opportunity":{"type":"opportunity","id":2310},)"
                          R"("prospect":{"type":"prospect","id":50340})",
         .before = R"("role":"Decision Maker")",
         .after = R"("role":"Economic Buyer")",
         .unset = R"("externalCreatedAt":null)",
         .special = {}},
        {.type = "prospect",
         .created = R"("emails":["ronja.dahl@fjordlicht.example"],"externalSource":"outreach-api",)"
                    R"("firstName":"Ronja","lastName":"Dahl","optedOut":false,"tags":["trade fair"],)"
                    R"("title":"Head of Procurement")",
         .relationships = R"("account":{"type":"account","id":9188},"creator":{"type":"creator","id":14},)"
                          R"("owner":{"type":"owner","id":14},"stage":{"type":"stage","id":3},)"
                          R"("updater":{"type":"updater","id":14})",
         .before = R"("title":"Head of Procurement")",
         .after = R"("title":"Chief Procurement Officer")",
         .unset = R"("clickCount":0,"engagedScore":0.0,"externalId":null,"middleName":null,)"
                  R"("mobilePhones":[],"openCount":0,"optedOutAt":null,"replyCount":0,"score":null,)"
                  R"("touchedAt":null)",
         .special = {}},
        {.type = "sequence",
         .created = R"("name":"After the trade fair","primaryReplyPauseDuration":86400,)"
                    R"("sequenceType":"interval","shareType":"private","throttleMaxAddsPerDay":40)",
         .relationships = R"("creator":{"type":"creator","id":14},"owner":{"type":"owner","id":14},)"
                          R"("ruleset":{"type":"ruleset","id":2},"updater":{"type":"updater","id":14})",
         .before = R"("enabled":false,"enabledAt":null)",
         .after = R"("enabled":true,"enabledAt":"@now")",
         .unset = R"("bounceCount":0,"clickCount":0,"deliverCount":0,"description":null,"lockedAt":null,)"
                  R"("openCount":0,"throttlePausedAt":null)",
         .special = {}},
        {.type = "sequenceState",
         .created = R"("activeAt":"@now","state":"active","stateChangedAt":"@now")",
         .relationships = R"("mailbox":{"type":"mailbox","id":6},"prospect":{"type":"prospect","id":50340},)"
                          R"("sequence":{"type":"sequence","id":61},)"
                          R"("sequenceStep":{"type":"sequenceStep","id":233})",
         .before = R"("state":"active","stateChangedAt":"@before")",
         .after = R"("state":"paused","stateChangedAt":"@now")",
         .unset = R"("bounceCount":0,"callCompletedAt":null,"deliverCount":0,"errorReason":null,)"
                  R"("openCount":0,"pauseReason":null,"repliedAt":null,"replyCount":0)",
         .special = {{"advanced", R"("activeAt":"@now")"},
                     {"finished", R"("repliedAt":"@before","replyCount":1,"state":"finished",)"
                                  R"("stateChangedAt":"@now")"}}},
        {.type = "task",
         .created = R"("action":"call","dueAt":"@now","note":"Call before noon","state":"incomplete",)"
                    R"("taskType":"manual")",
         .relationships = R"("creator":{"type":"creator","id":14},"owner":{"type":"owner","id":14},)"
                          R"("prospect":{"type":"prospect","id":50340})",
         .before = R"("note":"Call before noon")",
         .after = R"("note":"Call after two")",
         .unset = R"("autoskipAt":null,"completed":false,"completedAt":null)",
         .special = {{"completed", R"("completed":true,"completedAt":"@now","state":"complete",)"
                                   R"("stateChangedAt":"@now")"}}},
        {.type = "user",
         .created = R"("email":"nadia.brandt@example.com","firstName":"Nadia","lastName":"Brandt",)"
                    R"("locked":false,"title":"Account Executive")",
         .relationships = R"("role":{"type":"role","id":4})",
         .before = R"("title":"Account Executive")",
         .after = R"("title":"Team Lead")",
         .unset = {},
         .special = {}},
    };
    return table;
}

/// The two lifecycle deliveries are made elsewhere at Outreach and look it: an id that is a UUID,
/// relationships wrapped in `data`, no job id, and a time without a zone (contract 1.29 to 1.31).
constexpr std::string_view install_type = "install";

/// `2026-11-21T08:22:55` and what `to_rfc3339` has behind it.
std::string with_pacific_offset(wall_time time) {
    std::string text = to_rfc3339(time - std::chrono::hours{8});
    text.replace(text.size() - 1, 1, "-08:00");
    return text;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

std::string joined(std::string_view first, std::string_view second) {
    std::string text{first};
    if (!first.empty() && !second.empty())
        text += ',';
    return text += second;
}

struct resource_object {
    std::string_view type;
    std::string id;
    std::string attributes;
    std::string_view relationships;
};

std::string to_json(const resource_object& object) {
    return R"({"type":")" + std::string{object.type} + R"(","id":)" + object.id + R"(,"attributes":{)" +
           object.attributes + R"(},"relationships":{)" + std::string{object.relationships} + "}}";
}

std::string lifecycle_body(std::string_view action, const sample_identity& identity) {
    const std::string at = to_rfc3339(identity.now);
    const std::string attributes =
        action == "created" ? R"("attributes":{"installedAt":")" + at + R"("},)" : std::string{};
    return R"({"data":{"type":"install","id":")" + to_string(identity.job) + R"(",)" + attributes +
           R"("relationships":{"app":{"data":{"type":"app","id":"5e0c3a52-61c7-4d0f-9a34-88b1f2d7c410"}}}},)" +
           R"("meta":{"deliveredAt":")" + at.substr(0, 19) + R"(","eventName":"install.)" +
           std::string{action} + R"("}})";
}

std::string resource_body(const resource_sample& row, std::string_view action,
                          const sample_identity& identity) {
    const std::string changed_now = R"("updatedAt":"@now")";
    const std::string unchanged = R"("createdAt":"@before","updatedAt":"@before")";
    resource_object data{row.type, std::to_string(identity.resource), {}, {}};
    std::string before_update;
    if (action == "created") {
        data.attributes = joined(R"("createdAt":"@now","updatedAt":"@now")", row.created);
        data.relationships = row.relationships;
    } else if (action == "updated") {
        data.attributes = joined(changed_now, row.after);
        before_update = R"("beforeUpdate":)" +
                        to_json({row.type, data.id, joined(R"("updatedAt":"@before")", row.before), {}}) +
                        ',';
    } else if (action == "destroyed") {
        data.attributes = joined(joined(unchanged, row.created), row.unset);
        data.relationships = row.relationships;
    } else {
        const auto special = std::find_if(row.special.begin(), row.special.end(),
                                          [&](const special_action& each) { return each.name == action; });
        assert(special != row.special.end());
        data.attributes = joined(changed_now, special->changed);
    }
    std::string body = R"({"data":)" + to_json(data) + ',' + before_update + R"("meta":{"deliveredAt":")" +
                       with_pacific_offset(identity.now) + R"(","eventName":")" + std::string{row.type} +
                       '.' + std::string{action} + R"(","jobId":")" + to_string(identity.job) + R"("}})";
    replace_all(body, "@now", to_rfc3339(identity.now));
    replace_all(body, "@before", to_rfc3339(identity.now - std::chrono::hours{70}));
    return body;
}

std::vector<std::string> all_names() {
    std::vector<std::string> names;
    for (const resource_sample& row : resources()) {
        const std::string prefix = std::string{row.type} + '.';
        names.push_back(prefix + "created");
        if (!row.after.empty())
            names.push_back(prefix + "updated");
        if (!row.unset.empty())
            names.push_back(prefix + "destroyed");
        for (const special_action& each : row.special)
            names.push_back(prefix + std::string{each.name});
    }
    names.insert(names.end(), {"install.created", "install.deleted"});
    return names;
}

} // namespace

const std::vector<std::string>& sample_names() {
    static const std::vector<std::string> names = all_names();
    return names;
}

std::string sample_body(std::string_view name, const sample_identity& identity) {
    const std::string_view type = name.substr(0, name.find('.'));
    const std::string_view action = name.substr(type.size() + 1);
    if (type == install_type)
        return lifecycle_body(action, identity);
    const auto row = std::find_if(resources().begin(), resources().end(),
                                  [&](const resource_sample& each) { return each.type == type; });
    assert(row != resources().end());
    return resource_body(*row, action, identity);
}

} // namespace outreachd::command_line
