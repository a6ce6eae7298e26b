#include "daemon/outreach_links.hpp"

#include "daemon/repeat_window.hpp"
#include "daemon/text/url.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

namespace outreachd {

namespace {

using namespace std::chrono_literals;

/// Threads that a reload replaces ask for nothing that matters any more.
constexpr auto old_threads_patience = 100ms;

/// What is fetched seems to have come where Outreach sends to.
std::optional<outreach::backfill_target> target_of(const settings::settings& from,
                                                   std::chrono::milliseconds repeat_window) {
    if (!from.roles.receives || from.endpoints.empty())
        return std::nullopt;
    const auto url = from.webhooks ? parse_url(from.webhooks->url) : std::nullopt;
    const std::string path = url ? url->target.substr(0, url->target.find('?')) : std::string{};
    const auto named = std::ranges::find(from.endpoints, path, &settings::endpoint::path);
    const settings::endpoint& to = named == from.endpoints.end() ? from.endpoints.front() : *named;
    return outreach::backfill_target{to.path, to.source, repeat_window, from.store.retention.done};
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
    if (plan_.outreach)
        calls_ = {std::make_shared<handlers::outreach::access>(*plan_.outreach, directory_),
                  {.on_request = figures_.api_request_counter()}};
    threads_ = make_threads();
    figures_.add_gauge("webhooks_disabled", "Webhooks at Outreach that lead here and send nothing.", "",
                       [this] {
                           const auto one = running().watch;
                           return one ? static_cast<double>(one->disabled_webhooks()) : 0.0;
                       });
}

outreach_links::~outreach_links() {
    stop(std::chrono::steady_clock::now() + 1s);
}

void outreach_links::start() {
    running().start();
}

handlers::outreach_calls outreach_links::calls_of(const settings::settings& next) const {
    if (next.outreach == plan_.outreach)
        return calls_; // with what it knows of tokens and limits
    if (!next.outreach)
        return {};
    return {std::make_shared<handlers::outreach::access>(*next.outreach, directory_),
            {.on_request = figures_.api_request_counter()}};
}

void outreach_links::use(handlers::outreach_calls calls, const settings::settings& next) {
    plan fresh_plan = plan_of(next);
    const bool is_same = fresh_plan == plan_;
    calls_ = std::move(calls);
    plan_ = std::move(fresh_plan);
    if (is_same)
        return;
    const threads fresh = make_threads();
    threads old;
    {
        const std::lock_guard lock(mutex_);
        old = std::exchange(threads_, fresh);
    }
    std::erase_if(replaced_, [](const threads& one) { return one.stop(std::chrono::steady_clock::now()); });
    if (!old.stop(std::chrono::steady_clock::now() + old_threads_patience))
        replaced_.push_back(old); // it is in a request, and ends behind it
    fresh.start();
}

bool outreach_links::stop(steady_time until) {
    std::vector<threads> all = std::exchange(replaced_, {});
    all.push_back(running());
    bool are_over = true;
    for (const threads& one : all)
        if (!one.stop(until)) {
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

outreach_links::threads outreach_links::make_threads() const {
    threads made;
    if (!calls_.shared)
        return made;
    outreach::watch_hooks others;
    if (plan_.target) {
        made.backfill = std::make_shared<outreach::backfill>(
            outreach::backfill_sources{calls_.shared, calls_.hooks, events_}, *plan_.target, plan_.backfill,
            outreach::resources_of(plan_.backfill, plan_.webhooks), directory_, log_);
        others.on_look = [told = made.backfill](std::optional<wall_time> since) {
            told->note_suspension(since);
        };
    }
    const auto* const s2s = std::get_if<settings::s2s_access>(&plan_.outreach->auth);
    if (s2s != nullptr && s2s->install.empty()) {
        auto follower = std::make_shared<outreach::install_follower>(calls_.shared, s2s->guid, plan_.proven,
                                                                     events_, log_);
        others.often = [follower] { follower->look(); };
    }
    std::optional<outreach::watched_webhooks> watched;
    if (plan_.webhooks)
        watched = outreach::watched_webhooks{*plan_.webhooks, outreach::configured_app(*plan_.outreach)};
    made.watch = std::make_shared<outreach::watch>(calls_.shared, calls_.hooks, std::move(watched), log_,
                                                   std::move(others));
    return made;
}

outreach_links::threads outreach_links::running() const {
    const std::lock_guard lock(mutex_);
    return threads_;
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

bool outreach_links::threads::stop(steady_time until) const {
    if (watch)
        watch->begin_stop();
    if (backfill)
        backfill->begin_stop();
    const bool is_watch_over = !watch || watch->finish_stop(until);
    const bool is_backfill_over = !backfill || backfill->finish_stop(until);
    return is_watch_over && is_backfill_over;
}

} // namespace outreachd
