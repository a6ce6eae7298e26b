#include "daemon/outreach_links.hpp"

#include "daemon/repeat_window.hpp"
#include "daemon/text/url.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <iterator>
#include <utility>

namespace outreachd {

namespace {

using namespace std::chrono_literals;

/// Threads that a reload replaces ask for nothing that matters any more; those that it doesn't come to use
/// have asked for nothing yet.
constexpr auto old_threads_patience = 100ms;
constexpr auto renewal_look = 50ms;

/// What is fetched seems to have come where Outreach sends to.
std::optional<outreach::backfill_target> target_of(const settings::settings& from,
                                                   std::chrono::milliseconds repeat_window) {
    if (!from.roles.receives || from.endpoints.empty())
        return std::nullopt;
    const auto url = from.webhooks ? parse_url(from.webhooks->url) : std::nullopt;
    const std::string path = url ? url->target.substr(0, url->target.find('?')) : std::string{};
    const auto named = std::ranges::find(from.endpoints, path, &settings::endpoint::path);
    const settings::endpoint& to = named == from.endpoints.end() ? from.endpoints.front() : *named;
    const auto& kept = from.store.retention;
    return outreach::backfill_target{to.path, to.source, repeat_window,
                                     std::min({kept.done, kept.unrouted, kept.dead})};
}

/// None on a host that only works: what comes by a queue doesn't tell whether it was signed.
std::set<std::string> proven_paths(const settings::settings& from) {
    std::set<std::string> paths;
    if (!from.roles.receives)
        return paths;
    for (const settings::endpoint& one : from.endpoints)
        if (one.unsigned_requests == settings::unsigned_policy::reject)
            paths.insert(one.path);
    return paths;
}

} // namespace

outreach_links::outreach_links(const settings::settings& configured, store::store& events,
                               metrics::metrics& figures, log::logger& log)
    : events_(events), figures_(figures), log_(log), directory_(configured.store.directory),
      repeat_window_(longest_window(configured.endpoints)), plan_(plan_of(configured)) {
    calls_ = calls_of(plan_);
    threads_ = make_threads(plan_, calls_);
    figures_.add_gauge("webhooks_disabled", "Webhooks at Outreach that lead here and send nothing.", "",
                       [this] {
                           const auto one = running().watch;
                           return one ? static_cast<double>(one->disabled_webhooks()) : 0.0;
                       });
}

outreach_links::~outreach_links() {
    const auto until = std::chrono::steady_clock::now() + 1s;
    finish_stop(until, until);
}

void outreach_links::start() {
    running().make_ready();
    running().start();
}

outreach_links::prepared outreach_links::prepare(const settings::settings& next) const {
    plan made = plan_of(next);
    const bool is_same = made == plan_;
    handlers::outreach_calls calls = made.outreach == plan_.outreach
                                         ? calls_ // with what it knows of tokens and limits
                                         : calls_of(made);
    prepared ready{std::move(made), std::move(calls)};
    if (is_same)
        return ready;
    const threads fresh = make_threads(ready.plan_, ready.calls_);
    fresh.make_ready();
    ready.fresh_ = fresh;
    return ready;
}

void outreach_links::use(prepared next) {
    calls_ = std::move(next.calls_);
    plan_ = std::move(next.plan_);
    const auto fresh = std::exchange(next.fresh_, std::nullopt);
    if (!fresh)
        return;
    threads old;
    {
        const std::lock_guard lock(mutex_);
        old = std::exchange(threads_, *fresh);
    }
    std::erase_if(replaced_, [](const threads& one) { return one.stop(std::chrono::steady_clock::now()); });
    if (!old.stop(std::chrono::steady_clock::now() + old_threads_patience)) {
        if (old.backfill)
            old.backfill->supersede();
        replaced_.push_back(old); // it is in a request, and ends behind it
    }
    fresh->start();
}

outreach_links::prepared::~prepared() {
    if (fresh_ && !fresh_->stop(std::chrono::steady_clock::now() + old_threads_patience))
        fresh_->leave_behind();
}

void outreach_links::begin_stop() {
    for (const threads& one : replaced_)
        one.begin_stop();
    running().begin_stop();
}

bool outreach_links::finish_stop(steady_time until, steady_time renewed_until) {
    const auto now = std::chrono::steady_clock::now;
    std::vector<threads> all = std::exchange(replaced_, {});
    all.push_back(running());
    bool are_over = true;
    for (const threads& one : all) {
        bool is_over = one.stop(until);
        for (bool is_renewing = true; !is_over && is_renewing && now() < renewed_until;) {
            is_renewing = one.is_renewing();
            is_over = one.stop(std::min<steady_time>(renewed_until, now() + renewal_look));
        }
        if (is_over)
            continue;
        if (one.is_renewing())
            log_.warn(
                "a token of Outreach is being renewed, and shutdown_timeout has passed; where the answer is "
                "lost, somebody has to log in again");
        one.leave_behind();
        are_over = false;
    }
    return are_over;
}

std::vector<std::string> outreach_links::problems() const {
    const threads now = running();
    std::vector<std::string> all = now.watch ? now.watch->problems() : std::vector<std::string>{};
    if (now.backfill)
        std::ranges::move(now.backfill->problems(), std::back_inserter(all));
    return all;
}

std::optional<outreach::webhooks_look> outreach_links::webhooks() const {
    const auto one = running().watch;
    return one ? one->webhooks() : std::nullopt;
}

std::shared_ptr<outreach::backfill> outreach_links::backfill() const {
    return running().backfill;
}

outreach_links::plan outreach_links::plan_of(const settings::settings& from) const {
    return {from.outreach, from.roles.receives ? from.webhooks : std::nullopt, from.backfill,
            target_of(from, repeat_window_), proven_paths(from)};
}

handlers::outreach_calls outreach_links::calls_of(const plan& from) const {
    if (!from.outreach)
        return {};
    return {std::make_shared<handlers::outreach::access>(*from.outreach, directory_),
            {.on_request = figures_.api_request_counter()}};
}

outreach_links::threads outreach_links::make_threads(const plan& from,
                                                     const handlers::outreach_calls& calls) const {
    threads made;
    if (!calls.shared)
        return made;
    made.shared = calls.shared;
    outreach::watch_hooks others;
    if (from.target) {
        made.backfill = std::make_shared<outreach::backfill>(
            outreach::backfill_sources{calls.shared, calls.hooks, events_}, *from.target, from.backfill,
            outreach::resources_of(from.backfill, from.webhooks), directory_, log_);
        others.on_look = [told = made.backfill](std::optional<wall_time> since) {
            told->note_suspension(since);
        };
    }
    const auto* const s2s = std::get_if<settings::s2s_access>(&from.outreach->auth);
    if (s2s != nullptr && s2s->install.empty()) {
        auto follower =
            std::make_shared<outreach::install_follower>(calls.shared, s2s->guid, from.proven, events_, log_);
        others.often = [follower] { follower->look(); };
    }
    std::optional<outreach::watched_webhooks> watched;
    if (from.webhooks)
        watched = outreach::watched_webhooks{*from.webhooks, outreach::configured_app(*from.outreach)};
    made.watch = std::make_shared<outreach::watch>(calls.shared, calls.hooks, std::move(watched), log_,
                                                   std::move(others));
    return made;
}

outreach_links::threads outreach_links::running() const {
    const std::lock_guard lock(mutex_);
    return threads_;
}

void outreach_links::threads::make_ready() const {
    try {
        if (backfill)
            backfill->make_ready();
        if (watch)
            watch->make_ready();
    } catch (const std::exception&) {
        if (!stop(std::chrono::steady_clock::now() + old_threads_patience))
            leave_behind();
        throw;
    }
}

void outreach_links::threads::start() const {
    if (backfill)
        backfill->start();
    if (watch)
        watch->start();
}

void outreach_links::threads::leave_behind() const {
    if (watch)
        watch->leave_behind();
    if (backfill)
        backfill->leave_behind();
}

void outreach_links::threads::begin_stop() const {
    if (watch)
        watch->begin_stop();
    if (backfill)
        backfill->begin_stop();
}

bool outreach_links::threads::is_renewing() const {
    return shared && shared->tokens().is_renewing();
}

bool outreach_links::threads::stop(steady_time until) const {
    begin_stop();
    const bool is_watch_over = !watch || watch->finish_stop(until);
    const bool is_backfill_over = !backfill || backfill->finish_stop(until);
    return is_watch_over && is_backfill_over;
}

} // namespace outreachd
