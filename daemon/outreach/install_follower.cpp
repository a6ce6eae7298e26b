#include "daemon/outreach/install_follower.hpp"

#include "handlers/outreach/install_tokens.hpp"
#include "handlers/outreach/json_api.hpp"

#include <algorithm>
#include <chrono>
#include <exception>

namespace outreachd::outreach {

namespace {

using namespace handlers::outreach;

/// Where nothing happens to installs the place is kept so often: a start goes through what came since.
constexpr std::chrono::minutes place_interval{10};
constexpr std::chrono::seconds lock_timeout{2};
/// Of one look: whoever ends the daemon waits for it. A million events.
constexpr int pages_max = 250;

/// An event's place is when it came, to the microsecond, and later where the clock was set back.
wall_time time_of(store::sequence place) {
    return wall_time{wall_time::duration{place}};
}

} // namespace

std::optional<install_news> read_install_news(const event& what) {
    const bool is_over = what.facts.name == "install.deleted";
    if (!is_over && what.facts.name != "install.created")
        return std::nullopt;
    const auto body = read_json(what.body);
    if (!body || what.facts.resource_id.empty())
        return std::nullopt;
    const std::string_view app = find_text(*body, {"data", "relationships", "app", "data", "id"});
    if (app.empty())
        return std::nullopt;
    return install_news{std::string{app}, what.facts.resource_id, is_over};
}

install_follower::install_follower(std::shared_ptr<access> shared, std::string guid,
                                   std::set<std::string> proven, store::store& events, log::logger& log)
    : shared_(std::move(shared)), guid_(std::move(guid)), proven_(std::move(proven)), events_(events),
      log_(log) {}

void install_follower::look() {
    if (!reader_) {
        try {
            reader_ = events_.open_reader();
        } catch (const std::exception&) {
            return; // the next look may find it; the store tells the cause
        }
    }
    // `auth install` may have been quicker than what is to be looked at.
    if (const auto seen = installs_seen_to(shared_->file(), guid_))
        looked_up_to_ = std::max(looked_up_to_, seen->time_since_epoch().count());
    for (int page = 0; page < pages_max; ++page) {
        const auto found = reader_->next_of_resource("install", looked_up_to_);
        if (!found || found->looked_up_to == looked_up_to_)
            break;
        for (const store::stored_event& one : found->events) {
            if (one.subject && proven_.contains(one.subject->endpoint) &&
                !take(*one.subject, time_of(one.sequence))) {
                looked_up_to_ = one.sequence - 1; // the next look tries it again
                return;
            }
        }
        looked_up_to_ = found->looked_up_to;
    }
    note_place();
}

void install_follower::note_place() {
    const wall_time place = time_of(looked_up_to_);
    if (place < installs_seen_to(shared_->file(), guid_).value_or(wall_time{}) + place_interval)
        return;
    // A start that looks through more than it has to does no harm.
    static_cast<void>(
        note_installs_seen(shared_->file(), guid_, place, std::chrono::steady_clock::now() + lock_timeout));
}

/// False: it can't be written down now.
bool install_follower::take(const event& what, wall_time at) {
    const auto news = read_install_news(what);
    if (!news || news->app != guid_)
        return true;
    const std::string before = shared_->file().read().record.install;
    const auto deadline = std::chrono::steady_clock::now() + lock_timeout;
    const install_fact fact{guid_, news->install, at};
    const std::string problem = news->is_over ? forget_install(shared_->file(), fact, deadline)
                                              : remember_install(shared_->file(), fact, deadline);
    if (!problem.empty())
        log_.error(
            "what was learnt of our app's install can't be written down; `outreachd auth install` does it "
            "by hand",
            {{"install", news->install}, {"cause", problem}});
    else if (news->is_over)
        log_.warn("our app's install was deleted; Outreach lets us in again once it is installed anew",
                  {{"event_id", to_string(what.id)}, {"install", news->install}});
    else if (!before.empty() && before != news->install)
        log_.warn("our app was installed anew, or by another organisation; that one's records are what is "
                  "called from "
                  "now on",
                  {{"event_id", to_string(what.id)}, {"install", news->install}, {"before", before}});
    else
        log_.info("our app's install is known",
                  {{"event_id", to_string(what.id)}, {"install", news->install}});
    return problem.empty();
}

} // namespace outreachd::outreach
