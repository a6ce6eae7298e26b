/// The kinds of records, one entry each (contract sections 4, 5, 9, 10 and 11).
#include "daemon/sandbox/type_description.hpp"

#include <algorithm>
#include <cassert>

namespace outreachd::sandbox {

namespace {

std::vector<type_description> descriptions() {
    return {
        {.type = "account",
         .plural = "accounts",
         .attributes =
             "name!/250 companyType customId/255 description domain externalSource followers:integer "
             "foundedAt:time industry linkedInUrl locality named:boolean numberOfEmployees:integer "
             "score:number- tags:list touchedAt:time- websiteUrl",
         .relationships =
             "owner=user creator=user- updater=user- assignedUsers*user prospects<prospect.account "
             "tasks<task.account opportunities<opportunity.account",
         .events = "created updated destroyed",
         .initial = R"({"named":false,"tags":[]})",
         .has_custom = true},
        {.type = "prospect",
         .plural = "prospects",
         .attributes =
             "emails:list firstName lastName middleName title company occupation externalId externalSource "
             "mobilePhones:list workPhones:list homePhones:list tags:list linkedInUrl timeZone addressCity "
             "addressCountry addressState addressStreet addressZip optedOut:boolean optedOutAt:time- "
             "score:number- engagedScore:number- engagedAt:time- touchedAt:time- openCount:integer- "
             "clickCount:integer- replyCount:integer- contactHistogram:list-~?",
         .relationships =
             "account=account owner=user stage=stage creator=user- updater=user- assignedUsers*user "
             "opportunities*opportunity tasks<task.prospect calls<call.prospect "
             "mailings<mailing.prospect sequenceStates<sequenceState.prospect",
         .events = "created updated destroyed",
         .initial = R"({"emails":[],"tags":[],"mobilePhones":[],"workPhones":[],"homePhones":[],)"
                    R"("optedOut":false,"openCount":0,"clickCount":0,"replyCount":0,"engagedScore":0,)"
                    R"("contactHistogram":[]})",
         .has_custom = true},
        {.type = "opportunity",
         .plural = "opportunities",
         .attributes = "name! amount:number closeDate:time currencyType description externalCreatedAt:time "
                       "nextStep probability:number tags:list touchedAt:time-",
         .relationships = "account=account owner=user creator=user- updater=user- stage=stage",
         .events = "created updated destroyed",
         .initial = R"({"tags":[]})",
         .has_custom = true},
        {.type = "stage",
         .plural = "stages",
         .attributes = "name! color order:integer-",
         .relationships = "creator=user- updater=user-"},
        {.type = "user",
         .plural = "users",
         .operations = may_read | may_create | may_update,
         .attributes = "email! firstName lastName name- locked:boolean title phoneNumber timezone",
         .relationships = "creator=user- updater=user- mailboxes<mailbox.user",
         .events = "created updated",
         .initial = R"({"locked":false})"},
        {.type = "mailbox",
         .plural = "mailboxes",
         .attributes = "email! sendDisabled:boolean sendThreshold:integer username~ validateSend:boolean",
         .relationships = "user=user creator=user- updater=user-",
         .initial = R"({"sendDisabled":false})"},
        {.type = "sequence",
         .plural = "sequences",
         .attributes =
             "name! description sequenceType=interval|date shareType=private|read_only|shared tags:list "
             "enabled:boolean enabledAt:time- throttleMaxAddsPerDay:integer sequenceStepCount:integer-",
         .relationships = "owner=user ruleset=ruleset creator=user- updater=user- "
                          "sequenceSteps<sequenceStep.sequence sequenceStates<sequenceState.sequence",
         .events = "created updated destroyed",
         .initial = R"({"sequenceType":"interval","shareType":"private","tags":[],"enabled":false,)"
                    R"("sequenceStepCount":0})"},
        {.type = "sequenceStep",
         .plural = "sequenceSteps",
         .operations = may_read | may_create | may_update,
         .attributes = "stepType=auto_email|call|manual_email|task! interval:integer date:time displayName- "
                       "order:integer taskAutoskipDelay:integer taskNote",
         .relationships = "sequence=sequence! creator=user- updater=user- "
                          "sequenceTemplates<sequenceTemplate.sequenceStep"},
        {.type = "ruleset",
         .plural = "rulesets",
         .attributes = "name! autoResumeOotoProspects:boolean "
                       "permitDuplicateProspects=allow|disallow|only_if_inactive|onlyIfActive",
         .relationships = "creator=user- updater=user-",
         .initial = R"({"permitDuplicateProspects":"disallow"})"},
        {.type = "snippet",
         .plural = "snippets",
         .attributes = "name! bodyHtml~ shareType tags:list",
         .relationships = "owner=user creator=user- updater=user-",
         .initial = R"({"tags":[]})"},
        {.type = "template",
         .plural = "templates",
         .attributes =
             "name subject bodyHtml~ ccRecipients:list bccRecipients:list archived:boolean tags:list",
         .relationships = "owner=user creator=user- updater=user-",
         .initial = R"({"archived":false,"tags":[],"ccRecipients":[],"bccRecipients":[]})"},
        {.type = "sequenceTemplate",
         .plural = "sequenceTemplates",
         .attributes = "enabled:boolean enabledAt:time- isReply:boolean",
         .relationships = "sequenceStep=sequenceStep! template=template! creator=user- updater=user-",
         .actions = "activate deactivate",
         .initial = R"({"enabled":true,"isReply":false})"},
        {.type = "sequenceState",
         .plural = "sequenceStates",
         .operations = may_read | may_create | may_destroy,
         .attributes =
             "state=active|pending|finished|paused|disabled|failed|bounced|opted_out- stateChangedAt:time- "
             "activeAt:time- pauseReason- errorReason- repliedAt:time- openCount:integer- "
             "clickCount:integer- "
             "replyCount:integer- deliverCount:integer- bounceCount:integer-",
         .relationships = "prospect=prospect! sequence=sequence! mailbox=mailbox! sequenceStep=sequenceStep- "
                          "creator=user- tasks<task.sequenceState mailings<mailing.sequenceState",
         .actions = "finish pause resume",
         .events = "created updated destroyed advanced finished",
         .initial = R"({"openCount":0,"clickCount":0,"replyCount":0,"deliverCount":0,"bounceCount":0})"},
        {.type = "task",
         .plural = "tasks",
         .attributes = "action=action_item|call|email|in_person! dueAt:time note taskType scheduledAt:time- "
                       "state=pending|incomplete|complete- stateChangedAt:time- completed:boolean- "
                       "completedAt:time- completionNote- completionAction- isUrgent:boolean- "
                       "opportunityAssociation- taskDispositionId:integer- taskPurposeId:integer-",
         .relationships = "owner=user prospect=prospect account=account opportunity=opportunity "
                          "sequence=sequence- sequenceState=sequenceState- sequenceStep=sequenceStep- "
                          "completer=user- creator=user- updater=user- calls<call.task",
         .actions = "markComplete(completionNote completionAction) snooze(dueAt markAsUrgent) "
                    "reschedule(dueAt!) reassignOwner(ownerId!) updateNote(note!) "
                    "updateOpportunityAssociation(opportunityAssociation!) "
                    "logMeetInPerson(taskDispositionId! taskPurposeId completionNote) advance deliver",
         .events = "created updated destroyed completed",
         .initial = R"({"state":"incomplete","completed":false,"taskType":"manual","isUrgent":false})"},
        {.type = "call",
         .plural = "calls",
         .operations = may_read | may_create | may_destroy,
         .attributes = "direction=inbound|outbound! "
                       "outcome! answeredAt:time completedAt:time "
                       "note from to state tags:list recordingUrl externalVendor",
         .relationships = "prospect=prospect user=user task=task opportunity=opportunity sequence=sequence "
                          "creator=user-",
         .events = "created updated destroyed",
         .initial = R"({"tags":[]})"},
        {.type = "mailing",
         .plural = "mailings",
         .operations = may_read | may_create,
         .attributes =
             "mailingType=sequence|single|campaign subject bodyHtml~ bodyText~ "
             "state=bounced|delivered|delivering|drafted|failed|opened|placeholder|queued|replied|"
             "scheduled- stateChangedAt:time- scheduledAt:time deliveredAt:time- openedAt:time- "
             "clickedAt:time- repliedAt:time- bouncedAt:time- openCount:integer- clickCount:integer- "
             "messageId- trackLinks:boolean trackOpens:boolean notifyThreshold:integer",
         .relationships =
             "prospect=prospect! mailbox=mailbox! sequence=sequence- sequenceState=sequenceState- "
             "sequenceStep=sequenceStep- template=template task=task opportunity=opportunity",
         .events = "created updated destroyed bounced delivered opened replied",
         .initial = R"({"mailingType":"single","trackLinks":true,"trackOpens":true,"openCount":0,)"
                    R"("clickCount":0})"},
        {.type = "event",
         .plural = "events",
         .operations = may_read,
         .attributes = "name- eventAt:time- body- externalUrl-",
         .relationships = "prospect=prospect- user=user-"},
        {.type = "webhook",
         .plural = "webhooks",
         .attributes = "action/255 active:boolean cleanupToken-~ creatorAppId-~ creatorAppName-~ "
                       "disabledReason/1024-~ disabledSince:time-~ disabledUntil:time-~ "
                       "payloadVersion:integer=1|2~ resource/255 secret/255~ url!/1024~",
         .relationships = "authorizer=user creator=user- updater=user-",
         .initial = R"({"action":"*","active":true,"payloadVersion":1,"resource":"*"})"},
        {.type = "complianceRequest",
         .plural = "complianceRequests",
         .operations = may_read,
         .attributes = "batchComplianceRequestUuid- uuid- requestType- objectType- requestObjectId:integer- "
                       "requestObjectEmail- requesterEmail- state-"},
        {.type = "batch",
         .plural = "batches",
         .operations = may_read,
         .attributes = "action- canceledAt:time- confirmCount:integer- confirmedAt:time- "
                       "confirmedCountRequired:boolean- "
                       "contextId:integer- contextType- failures:integer- finishedAt:time- pending:integer- "
                       "startedAt:time- state- summary- total:integer-",
         .relationships = "creator=user- batchItems<batchItem.batch",
         .actions = "confirm(confirmedCount) cancel",
         .initial = R"({"failures":0,"pending":0,"total":0})"},
        {.type = "batchItem",
         .plural = "batchItems",
         .operations = may_read,
         .attributes = "batchId:integer- data:object-~ failed:boolean- info- state-",
         .relationships = "batch=batch-"},
        {.type = "import",
         .plural = "imports",
         .operations = may_get,
         .attributes = "type- state- stateChangedAt:time- dupeMethod- dupes:integer- failures:integer- "
                       "total:integer- errorReason- fileName- frequency- mappings:object-~",
         .relationships = "creator=user-",
         .events = "created finished",
         .initial = R"({"dupes":0,"failures":0,"total":0,"frequency":"once"})"},
    };
}

std::vector<resource_type> read_all_descriptions() {
    static const std::vector<type_description> written = descriptions();
    std::vector<resource_type> all;
    all.reserve(written.size());
    std::ranges::transform(written, std::back_inserter(all), read_description);
    return all;
}

} // namespace

const std::vector<resource_type>& resource_types() {
    static const std::vector<resource_type> all = read_all_descriptions();
    return all;
}

const resource_type* find_type(std::string_view type) {
    const auto found = std::ranges::find(resource_types(), type, &resource_type::type);
    return found == resource_types().end() ? nullptr : &*found;
}

const resource_type* find_plural(std::string_view plural) {
    const auto found = std::ranges::find(resource_types(), plural, &resource_type::plural);
    return found == resource_types().end() ? nullptr : &*found;
}

const resource_type& type_of(std::string_view type) {
    const resource_type* const found = find_type(type);
    assert(found != nullptr);
    return *found;
}

} // namespace outreachd::sandbox
