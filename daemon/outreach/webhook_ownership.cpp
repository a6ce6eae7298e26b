#include "daemon/outreach/webhook_ownership.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

namespace outreachd::outreach {

namespace {

std::uint64_t number_of(const std::string& id) {
    std::uint64_t number = 0;
    std::from_chars(id.data(), id.data() + id.size(), number);
    return number;
}

/// Null where Outreach has none that it can be.
const webhook* find_begun(const std::string& begun, const std::vector<webhook>& there,
                          const ownership& whose) {
    const webhook* oldest = nullptr;
    for (const webhook& one : there) {
        const bool may_be_ours = whose.app.empty() || one.creator_app.empty() || one.creator_app == whose.app;
        if (begun_text(one.event(), one.url) == begun && may_be_ours && find_made(whose, one.id) == nullptr &&
            (oldest == nullptr || is_older(one, *oldest)))
            oldest = &one;
    }
    return oldest;
}

} // namespace

const store::made_webhook* find_made(const ownership& whose, const std::string& id) {
    const auto found = std::ranges::find(whose.made, id, &store::made_webhook::id);
    return found == whose.made.end() ? nullptr : &*found;
}

bool is_known_for_ours(const webhook& one, const ownership& whose) {
    return find_made(whose, one.id) != nullptr || (!whose.app.empty() && one.creator_app == whose.app);
}

bool is_ours(const webhook& one, const ownership& whose) {
    return whose.includes_others || is_known_for_ours(one, whose);
}

std::string configured_app(const settings::outreach& how) {
    const auto* const oauth = std::get_if<settings::oauth_access>(&how.auth);
    return oauth == nullptr ? std::string{} : oauth->client_id;
}

ownership ownership_of(const std::string& app, store::token_record known, bool includes_others) {
    if (!app.empty())
        known.app = app;
    return {std::move(known.app), std::move(known.webhooks), includes_others};
}

std::string begun_text(const std::string& event, const std::string& url) {
    return event + " " + url;
}

void settle_begun(store::token_record& known, const std::vector<webhook>& there, const std::string& app) {
    const auto is_begun = [](const store::made_webhook& one) { return one.id.empty(); };
    for (store::made_webhook& one : known.webhooks) {
        if (!is_begun(one))
            continue;
        const webhook* const found = find_begun(one.begun, there, ownership_of(app, known));
        if (found == nullptr)
            continue;
        one.id = found->id;
        one.cleanup_token = found->cleanup_token;
        one.begun.clear();
        if (!found->creator_app.empty())
            known.app = found->creator_app;
    }
    std::erase_if(known.webhooks, is_begun);
}

bool is_older(const webhook& one, const webhook& other) {
    return number_of(one.id) < number_of(other.id);
}

} // namespace outreachd::outreach
