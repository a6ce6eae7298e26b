#include "daemon/outreach/install_follower.hpp"

#include "handlers/outreach/install_tokens.hpp"
#include "handlers/outreach/json_api.hpp"

#include <exception>

namespace outreachd::outreach {

namespace {

using namespace handlers::outreach;

/// What came before the last end, and wasn't looked at any more.
constexpr std::chrono::minutes first_look_back{10};
constexpr std::chrono::seconds lock_timeout{2};

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
                                   std::optional<std::set<std::string>> proven, store::store& events,
                                   log::logger& log)
    : shared_(std::move(shared)), guid_(std::move(guid)), proven_(std::move(proven)), events_(events),
      log_(log), looked_up_to_((wall_now() - first_look_back).time_since_epoch().count()) {}

void install_follower::look() {
    if (!reader_) {
        try {
            reader_ = events_.open_reader();
        } catch (const std::exception&) {
            return; // the next look may find it
        }
    }
    for (;;) {
        const auto found = reader_->next_of_resource("install", looked_up_to_);
        if (!found || found->looked_up_to == looked_up_to_)
            return;
        for (const store::stored_event& one : found->events)
            if (one.subject && (!proven_ || proven_->contains(one.subject->endpoint)))
                take(*one.subject);
        looked_up_to_ = found->looked_up_to;
    }
}

void install_follower::take(const event& what) {
    const auto news = read_install_news(what);
    if (!news || news->app != guid_)
        return;
    const auto deadline = std::chrono::steady_clock::now() + lock_timeout;
    const std::string problem = news->is_over
                                    ? forget_install(shared_->file(), guid_, news->install, deadline)
                                    : remember_install(shared_->file(), guid_, news->install, deadline);
    if (!problem.empty())
        log_.error(
            "what was learnt of our app's install can't be written down; `outreachd auth install` does it "
            "by hand",
            {{"install", news->install}, {"cause", problem}});
    else if (news->is_over)
        log_.warn("our app's install was deleted; Outreach lets us in again once it is installed anew",
                  {{"event_id", to_string(what.id)}, {"install", news->install}});
    else
        log_.info("our app's install is known",
                  {{"event_id", to_string(what.id)}, {"install", news->install}});
}

} // namespace outreachd::outreach
