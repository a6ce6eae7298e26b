#include "daemon/outreach/webhook_plan.hpp"

#include "handlers/outreach/fingerprint.hpp"

#include <algorithm>

namespace outreachd::outreach {

namespace {

std::vector<std::string> differences(const webhook& there, const wanted_webhook& wanted,
                                     const secret& signing, const ownership& whose) {
    std::vector<std::string> found;
    if (there.payload_version != wanted.payload_version)
        found.push_back("payload version " + std::to_string(there.payload_version) + ", should be " +
                        std::to_string(wanted.payload_version));
    if (!there.is_active)
        found.emplace_back("inactive, is made active again");
    if (!there.disabled_reason.empty())
        found.push_back("suspended" + (there.disabled_since.empty() ? "" : " since " + there.disabled_since) +
                        " (" + there.disabled_reason + "), which an update ends");
    const store::made_webhook* const made = find_made(whose, there.id);
    if (!is_known_for_ours(there, whose))
        found.emplace_back("not known to be ours, is taken over"); // the update's answer is written down
    if (there.secret_shown) {
        if (secret{*there.secret_shown} != signing)
            found.emplace_back("signs with another secret than the endpoint's first");
    } else if (made != nullptr && made->secret_print != secret_print(signing)) {
        found.emplace_back("the endpoint's first secret has changed since it was told");
    } else if (made == nullptr && !signing.empty()) {
        found.emplace_back("nobody here knows what it signs with, so it is told again");
    }
    return found;
}

wanted_webhook in_words_of(const webhook& there) {
    return {there.url, there.resource, there.action, there.payload_version};
}

/// Why one that nothing wanted needs is to go; nothing: it stays. One with another URL is only ours to delete
/// where this host has made it itself: our app's others may be another host's.
std::optional<std::string> why_removed(const webhook& one, const std::vector<const webhook*>& needed,
                                       const settings::webhooks& configured, const ownership& whose) {
    if (one.url != configured.url)
        return find_made(whose, one.id) == nullptr
                   ? std::nullopt
                   : std::optional<std::string>{
                         "made by this host for a URL that the configuration doesn't name"};
    if (!is_ours(one, whose))
        return std::nullopt;
    const bool is_twin = std::ranges::any_of(needed, [&](const webhook* other) {
        return other->resource == one.resource && other->action == one.action;
    });
    return is_twin ? "an older one does the same" : "the configuration doesn't name it";
}

const char* sign_of(change_kind kind) {
    switch (kind) {
    case change_kind::create:
        return "+ create ";
    case change_kind::update:
        return "~ update ";
    case change_kind::remove:
        break;
    }
    return "- delete ";
}

} // namespace

std::string secret_print(const secret& signing) {
    return handlers::outreach::fingerprint({signing.reveal()});
}

webhook_plan make_plan(const std::vector<webhook>& existing, const settings::webhooks& configured,
                       const ownership& whose) {
    webhook_plan plan;
    std::vector<const webhook*> needed;
    for (const wanted_webhook& wanted : wanted_webhooks(configured)) {
        std::vector<const webhook*> there;
        for (const webhook& one : existing)
            if (is_for(one, wanted))
                there.push_back(&one);
        std::ranges::sort(there,
                          [](const webhook* one, const webhook* other) { return is_older(*one, *other); });
        const auto first =
            std::ranges::find_if(there, [&](const webhook* one) { return is_ours(*one, whose); });
        if (first == there.end()) {
            if (there.empty()) {
                plan.changes.push_back({change_kind::create, {}, wanted, {}});
            } else {
                needed.push_back(there.front());
                plan.remarks.push_back(
                    "webhook " + there.front()->id + " sends " + wanted.event() +
                    " to that URL already, and was made by somebody else; it is left as it is "
                    "(--all takes it over)");
            }
            continue;
        }
        needed.push_back(*first);
        if (auto why = differences(**first, wanted, configured.signing, whose); !why.empty())
            plan.changes.push_back({change_kind::update, (*first)->id, wanted, std::move(why)});
    }
    for (const webhook& one : existing) {
        if (std::ranges::find(needed, &one) != needed.end())
            continue;
        if (auto why = why_removed(one, needed, configured, whose))
            plan.changes.push_back({change_kind::remove, one.id, in_words_of(one), {std::move(*why)}});
    }
    return plan;
}

std::string to_text(const webhook_plan& plan) {
    std::string text;
    for (const webhook_change& one : plan.changes) {
        text += sign_of(one.kind) + one.wanted.event() + " -> " + one.wanted.url;
        text += one.id.empty() ? "\n" : " (webhook " + one.id + ")\n";
        for (const std::string& each : one.why)
            text += "    " + each + "\n";
    }
    for (const std::string& each : plan.remarks)
        text += "  " + each + "\n";
    return text;
}

} // namespace outreachd::outreach
