#include "handlers/outreach/limiter.hpp"

#include "daemon/store/replace_file.hpp"
#include "daemon/text/number.hpp"
#include "handlers/outreach/limit_file.hpp"
#include "handlers/retry_after.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace outreachd::handlers::outreach {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// Of our own backoff, where no answer says how long.
constexpr minutes backoff_max{15};
constexpr seconds unknown_reset{60};
/// Two resets that differ by less are one, told in whole seconds from now.
constexpr seconds same_reset{3};
constexpr seconds save_interval{1};
constexpr double backfill_leaves = 0.5;

} // namespace

std::string until_words(wall_time until) {
    std::string text = to_rfc3339(std::chrono::ceil<seconds>(until));
    text.erase(text.find('.'), 4);
    return "until " + text;
}

limiter::permit::permit(permit&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}

limiter::permit::~permit() {
    if (owner_ != nullptr)
        owner_->leave();
}

limiter::limiter(rules set, wall_clock now) : rules_(std::move(set)), now_(std::move(now)) {
    load();
}

limiter::~limiter() {
    save(true);
}

/// The share of the limit that isn't for this one.
double limiter::kept_from(caller who) const {
    switch (who) {
    case caller::worker:
        return rules_.reserve;
    case caller::backfill:
        return std::max(rules_.reserve, backfill_leaves);
    case caller::operator_command:
        break;
    }
    return 0;
}

/// A clock that was put back since would make everybody wait for as long as it was ahead, and take all that
/// answers say for that of an hour that is over.
void limiter::mend_times(wall_time now) {
    const wall_time latest = now + wait_max;
    facts_.held_until = std::min(facts_.held_until, latest);
    if (facts_.reset_at <= latest)
        return;
    facts_.reset_at = latest;
    is_reset_guessed_ = true;
}

limiter::entry limiter::enter(caller who) {
    const wall_time now = now_();
    const std::lock_guard lock(mutex_);
    mend_times(now);
    if (now < facts_.held_until)
        return {.allowed = std::nullopt, .until = facts_.held_until, .why = held_why_};
    if (facts_.remaining && now < facts_.reset_at) {
        const double kept = kept_from(who);
        const auto limit = static_cast<double>(facts_.limit.value_or(*facts_.remaining));
        const auto reserved = static_cast<std::uint64_t>(std::ceil(kept * limit));
        if (*facts_.remaining <= reserved + in_flight_)
            return {.allowed = std::nullopt,
                    .until = facts_.reset_at,
                    .why = reserved == 0 ? "the hourly limit is used up"
                           : who == caller::worker
                               ? "what is left of the hourly limit is kept for the command line"
                               : "half of the hourly limit is left to others"};
    }
    ++in_flight_;
    return {.allowed = permit{*this}};
}

void limiter::learn(const http_answer& answer) {
    bool is_urgent = false;
    {
        const wall_time now = now_();
        const std::lock_guard lock(mutex_);
        mend_times(now);
        const wall_time held_before = facts_.held_until;
        learn_locked(answer, now);
        is_urgent = facts_.held_until != held_before;
    }
    save(is_urgent);
}

void limiter::learn_locked(const http_answer& answer, wall_time now) {
    if (answer.status == 429) {
        const bool is_known = now < facts_.held_until;
        const wall_time until = now + refused_wait(answer, now);
        if (!is_known)
            ++refusals_;
        if (until > facts_.held_until) {
            facts_.held_until = until;
            held_why_ = "Outreach's limit of requests is used up (429)";
        }
        is_changed_ = true;
    } else if (answer.status != 0) {
        refusals_ = 0;
    }
    const auto remaining = whole_number<std::uint64_t>(answer.field("x-ratelimit-remaining"));
    if (!remaining)
        return;
    const auto limit = whole_number<std::uint64_t>(answer.field("x-ratelimit-limit"));
    const auto wait = parse_wait(answer.field("x-ratelimit-reset"), now);
    const wall_time reset_at = now + std::min<milliseconds>(wait.value_or(unknown_reset), wait_max);
    if (!wait || is_reset_guessed_ || now >= facts_.reset_at || limit != facts_.limit ||
        reset_at >= facts_.reset_at + same_reset) {
        facts_.remaining = remaining; // another hour, or another limit
        facts_.reset_at = reset_at;
        is_reset_guessed_ = false;
    } else if (reset_at + same_reset > facts_.reset_at) {
        facts_.remaining = std::min(facts_.remaining.value_or(*remaining), *remaining); // one may overtake
    } else {
        return; // of the hour before, and overtaken
    }
    if (limit)
        facts_.limit = limit;
    is_changed_ = true;
}

milliseconds limiter::refused_wait(const http_answer& answer, wall_time now) {
    auto asked = parse_wait(answer.field("retry-after"), now);
    if (!asked)
        asked = parse_wait(answer.field("x-ratelimit-reset"), now);
    if (asked && *asked > milliseconds::zero())
        return std::min<milliseconds>(*asked, wait_max);
    // No time, or one that has passed already: by this clock or by that one.
    const seconds first = asked ? seconds{1} : unknown_reset;
    return std::min<milliseconds>(first * (1 << std::min(refusals_, 10)), backoff_max);
}

wall_time limiter::hold(milliseconds wait, std::string why) {
    wall_time until{};
    {
        const wall_time now = now_();
        const std::lock_guard lock(mutex_);
        mend_times(now);
        until = now + std::clamp<milliseconds>(wait, seconds{1}, wait_max);
        if (until > facts_.held_until) {
            facts_.held_until = until;
            held_why_ = std::move(why);
        }
        until = facts_.held_until;
        is_changed_ = true;
    }
    save(true);
    return until;
}

limit_facts limiter::facts() const {
    const std::lock_guard lock(mutex_);
    return facts_;
}

void limiter::leave() noexcept {
    const std::lock_guard lock(mutex_);
    --in_flight_;
}

void limiter::load() {
    if (rules_.file.empty())
        return;
    facts_ = read_limit_file(rules_.file, rules_.account);
    mend_times(now_());
    held_why_ = "Outreach has asked to wait";
}

void limiter::save(bool is_urgent) {
    if (rules_.file.empty())
        return;
    limit_facts known;
    {
        const auto now = std::chrono::steady_clock::now();
        const std::lock_guard lock(mutex_);
        if (is_saving_ || !is_changed_ || (!is_urgent && now < saved_at_ + save_interval))
            return;
        is_saving_ = true;
        is_changed_ = false;
        saved_at_ = now;
        known = facts_;
    }
    write_limit_file(rules_.file, rules_.account, known);
    const std::lock_guard lock(mutex_);
    is_saving_ = false;
}

} // namespace outreachd::handlers::outreach
