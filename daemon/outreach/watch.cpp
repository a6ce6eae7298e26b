#include "daemon/outreach/watch.hpp"

#include "daemon/outreach/webhook_set.hpp"

#include <algorithm>

namespace outreachd::outreach {

namespace {

using namespace handlers::outreach;

/// A token endpoint that fails for a moment is asked again by then.
constexpr int looks_in_silence = 3;

std::string title_of(const webhook& one) {
    return "webhook " + one.id + " (" + one.event() + ")";
}

bool is_suspended(const webhook& one) {
    return !one.disabled_reason.empty() || !one.disabled_since.empty();
}

bool sends(const webhook& one) {
    return one.is_active && !is_suspended(one);
}

/// Of one that sends nothing.
std::string trouble_of(const webhook& one) {
    if (is_suspended(one))
        return title_of(one) + " is suspended" +
               (one.disabled_since.empty() ? "" : " since " + one.disabled_since) +
               (one.disabled_reason.empty() ? "" : ": " + one.disabled_reason);
    return title_of(one) + " is inactive: somebody has switched it off";
}

const char* advice_on(bool is_ours) {
    return is_ours ? "; `outreachd webhooks apply` makes it active again"
                   : "; somebody else made it and can make it active again, or `outreachd webhooks apply "
                     "--all` takes it over";
}

} // namespace

watch::watch(std::shared_ptr<access> shared, client_hooks hooks, std::optional<watched_webhooks> watched,
             log::logger& log, watch_hooks others, watch_times times)
    : shared_(std::move(shared)), hooks_(std::move(hooks)), watched_(std::move(watched)),
      made_(shared_->file().directory(), made_webhooks_file), log_(log), others_(std::move(others)),
      times_(times) {
    if (watched_)
        look_.emplace();
}

void watch::make_ready() {
    thread_.make_ready([self = shared_from_this()] {
        try {
            self->run();
        } catch (const std::exception& failure) { // want of memory
            const std::string why = std::string{"nobody looks after Outreach any more: "} + failure.what();
            self->tell({why}, 0);
            self->note_failed_look(why);
        }
    });
}

void watch::start() {
    make_ready();
    thread_.start();
}

std::vector<std::string> watch::problems() const {
    const std::lock_guard lock(mutex_);
    return problems_;
}

std::size_t watch::disabled_webhooks() const {
    const std::lock_guard lock(mutex_);
    return disabled_;
}

std::optional<webhooks_look> watch::webhooks() const {
    const std::lock_guard lock(mutex_);
    return look_;
}

void watch::run() {
    using std::chrono::milliseconds;
    const auto now = std::chrono::steady_clock::now;
    auto next_look = now() + times_.first;
    for (;;) {
        const auto to_look = std::max(milliseconds{0}, std::chrono::ceil<milliseconds>(next_look - now()));
        if (!thread_.pause(others_.often ? std::min(to_look, times_.often) : to_look))
            return;
        if (others_.often)
            others_.often();
        if (now() >= next_look) {
            look();
            next_look = now() + times_.period;
        }
    }
}

void watch::look() {
    const token_reply token = shared_->tokens().get(std::chrono::steady_clock::now() + times_.request);
    if (thread_.is_stopping())
        return;
    if (token.what != token_reply::kind::token)
        note_failed_look(token.why);
    if (token.what == token_reply::kind::needs_login)
        return tell({"Outreach lets us in no more: " + token.why}, disabled_webhooks());
    if (token.what == token_reply::kind::later) {
        if (++looks_without_token_ >= looks_in_silence) // else the next look will tell
            tell({"Outreach gives us no token: " + token.why}, disabled_webhooks());
        return;
    }
    looks_without_token_ = 0;
    client by{*shared_, caller::operator_command, hooks_};
    if (watched_)
        look_at_webhooks(by);
    else if (!shared_->refusal().why().empty()) // of some time ago; is it so still?
        by.send(get(""), std::chrono::steady_clock::now() + times_.request);
    if (const std::string refused = shared_->refusal().why(); !refused.empty())
        tell({"Outreach lets us in no more: " + refused}, disabled_webhooks());
    else if (!watched_)
        tell({}, 0);
}

void watch::look_at_webhooks(client& by) {
    webhook_list found = list_webhooks(by, std::chrono::steady_clock::now() + times_.request);
    if (thread_.is_stopping())
        return; // whoever is replaced says and changes nothing more
    if (!found.problem.empty()) {
        note_failed_look(found.problem);
        if (found.failed_as != api_answer::kind::needs_login) // else it is told as trouble
            log_.warn("the state of the webhooks at Outreach can't be asked for", {{"cause", found.problem}});
        return;
    }
    findings seen;
    const ownership whose = read_ownership(found.all, seen.problems);
    // An old one that nobody wants misses nothing.
    for (const wanted_webhook& each : wanted_webhooks(watched_->wanted)) {
        std::vector<webhook*> there;
        for (webhook& one : found.all)
            if (is_for(one, each))
                there.push_back(&one);
        if (there.empty()) {
            seen.problems.push_back("Outreach has no webhook for " + each.event() +
                                    "; `outreachd webhooks apply` makes it");
            if (have_sent_.contains(each.event())) { // else it isn't made yet, and holds nothing back
                seen.goes_on = true;
                seen.silent_since = std::min(seen.silent_since.value_or(all_sent_at_), all_sent_at_);
            }
        } else if (std::ranges::any_of(there, [](const webhook* one) { return sends(*one); })) {
            have_sent_.insert(each.event());
        }
        for (webhook* const one : there) {
            const bool is_own = is_ours(*one, whose);
            // What a stranger's holds back comes by another one.
            if (!sends(*one) &&
                (is_own || std::ranges::none_of(there, [](const webhook* other) { return sends(*other); })))
                see_silent(by, *one, is_own, seen);
        }
    }
    keep(look_at(found.all, watched_->wanted, wall_now()));
    tell(std::move(seen.problems), seen.disabled);
    tell_silence(seen.silent_since, seen.goes_on);
}

/// Makes it active again where it may.
void watch::see_silent(client& by, webhook& one, bool is_own, findings& seen) {
    const std::string trouble = trouble_of(one);
    const wall_time since = parse_timestamp(one.disabled_since).value_or(all_sent_at_);
    seen.silent_since = std::min(seen.silent_since.value_or(since), since);
    std::string failure;
    if (watched_->wanted.repair && is_own && is_suspended(one)) {
        failure = repair(by, one);
        if (failure.empty()) {
            log_.warn("a webhook was suspended, and is active again; what happened meanwhile was not "
                      "sent: `outreachd backfill`, or 'backfill.on_start: auto', fetches it",
                      {{"webhook", one.id}, {"was", trouble}});
            one.is_active = true;
            one.disabled_reason.clear();
            one.disabled_since.clear();
            return;
        }
        failure.insert(0, "; it can't be made active: ");
    }
    ++seen.disabled;
    seen.goes_on = true;
    seen.problems.push_back(trouble + failure + advice_on(is_own));
}

ownership watch::read_ownership(const std::vector<webhook>& there, std::vector<std::string>& problems) const {
    store::token_reading known = made_.read();
    if (!known.problem.empty())
        problems.push_back("which webhooks are ours can't be told, and none is mended: " + known.problem);
    settle_begun(known.record, there, watched_->app);
    return ownership_of(watched_->app, std::move(known.record));
}

void watch::tell_silence(std::optional<wall_time> since, bool goes_on) {
    if (!since)
        all_sent_at_ = wall_now();
    if (!others_.on_look)
        return;
    if (since)
        others_.on_look(since);
    if (!goes_on)
        others_.on_look(std::nullopt);
}

/// An update of whatever kind ends a suspension (contract 3.11, 5.8). Empty, or why it can't be done.
std::string watch::repair(client& by, const webhook& suspended) {
    const std::string body =
        R"({"data":{"type":"webhook","id":)" + suspended.id + R"(,"attributes":{"active":true}}})";
    return by
        .send(patch("/webhooks/" + suspended.id, body), std::chrono::steady_clock::now() + times_.request)
        .problem;
}

/// One line for each that is new, and for the end of each.
void watch::tell(std::vector<std::string> problems, std::size_t disabled) {
    const std::lock_guard lock(mutex_);
    if (thread_.is_stopping())
        return;
    for (const std::string& one : problems)
        if (std::ranges::find(problems_, one) == problems_.end())
            log_.warn("trouble at Outreach", {{"cause", one}});
    for (const std::string& one : problems_)
        if (std::ranges::find(problems, one) == problems.end())
            log_.info("trouble at Outreach is over", {{"was", one}});
    problems_ = std::move(problems);
    disabled_ = disabled;
}

void watch::keep(webhooks_look look) {
    const std::lock_guard lock(mutex_);
    look_ = std::move(look);
}

/// What was seen before stays, with its time.
void watch::note_failed_look(const std::string& why) {
    const std::lock_guard lock(mutex_);
    if (look_)
        look_->problem = why;
}

} // namespace outreachd::outreach
