#include "daemon/outreach/backfill_run.hpp"

#include "daemon/event/event_reader.hpp"
#include "daemon/signature/verifier.hpp"
#include "handlers/outreach/json_api.hpp"
#include "handlers/outreach/page_walk.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace outreachd::outreach {

namespace {

using namespace std::chrono_literals;
using namespace handlers::outreach;

constexpr std::size_t missing_shown_max = 1000;
constexpr std::uint32_t page_sizes[] = {1000, 250, 50}; // the first is the most there are (contract 6.17)
constexpr int attempts_max = 5;                         ///< At a page that can't be had for now.
constexpr auto stop_is_seen_within = 1s;
constexpr const char* content_type = "application/vnd.api+json";

/// Appends that are under way. Shared with the store, which may answer after nobody waits any more.
class pending_appends {
public:
    void begin() {
        const std::lock_guard lock(mutex_);
        ++waiting_;
    }

    /// `is_new`: no repeat of what is stored.
    void end(bool is_stored, bool is_new) {
        const std::lock_guard lock(mutex_);
        --waiting_;
        stored_ += is_stored && is_new ? 1 : 0;
        has_failed_ |= !is_stored;
        all_ended_.notify_all();
    }

    /// False: not within `time`, or one of them failed.
    bool wait(std::chrono::milliseconds time) {
        std::unique_lock lock(mutex_);
        return all_ended_.wait_for(lock, time, [this] { return waiting_ == 0; }) && !has_failed_;
    }

    std::uint64_t stored() {
        const std::lock_guard lock(mutex_);
        return stored_;
    }

private:
    std::mutex mutex_; ///< Of all below.
    std::condition_variable all_ended_;
    std::uint64_t waiting_ = 0;
    std::uint64_t stored_ = 0;
    bool has_failed_ = false;
};

/// Where it has none such (contract 10.10: imports).
bool has_no_list(const api_answer& answer) {
    return answer.what == api_answer::kind::answered && (answer.status == 404 || answer.status == 405);
}

/// A scope is missing, or the user's own rights don't reach so far (contract 6.29). Only Outreach itself says
/// that so: any other 403 may be a proxy's, and pass.
bool lacks_rights(const api_answer& answer) {
    return answer.status == 403 && std::ranges::any_of(answer.errors, [](const api_error& one) {
               return one.id == "unauthorizedOauthScope" || one.id == "unauthorizedRequest";
           });
}

/// There is no such list, we may not have it, or it can't be asked for so; that isn't mended by and by.
bool is_for_good(const api_answer& answer) {
    return answer.what == api_answer::kind::refused ||
           (answer.what == api_answer::kind::answered &&
            (has_no_list(answer) || lacks_rights(answer) || answer.status == 400 || answer.status == 422));
}

class running_backfill {
public:
    running_backfill(const backfill_sources& from, const backfill_target& to, const backfill_wish& wish,
                     const pause_for& pause, const std::function<void(const backfill_progress&)>& tell,
                     const backfill_run_times& times)
        : from_(from), to_(to), pause_(pause), tell_(tell), times_(times),
          client_(*from.shared, caller::backfill, from.hooks), known_(from.events, to.source, wish.since) {
        progress_.wish = wish;
        progress_.started_at = wish.asked_at;
        for (const std::string& one : wish.resources)
            progress_.resources.push_back({.resource = one});
    }

    backfill_progress finish() {
        tell_(progress_);
        for (resource_progress& one : progress_.resources) {
            if (is_stopping_)
                break;
            go_through(one);
            tell_(progress_);
        }
        progress_.finished_at = wall_now();
        progress_.waits_for.clear();
        return progress_;
    }

private:
    /// A page that is longer than an answer may be is asked for in smaller ones.
    void go_through(resource_progress& of) {
        for (const std::uint32_t size : page_sizes) {
            const std::uint64_t stored = of.stored;
            of = {.resource = of.resource, .stored = stored};
            if (!go_through(of, size))
                return;
        }
    }

    /// True: again, with smaller pages.
    bool go_through(resource_progress& of, std::uint32_t size) {
        unreadable_ = 0;
        is_too_long_ = false;
        page_walk pages{client_, changes_request(of.resource, progress_.wish.since, size)};
        while (const auto page = next_page(pages, of)) {
            if (!take(*page, of))
                return false;
            tell_(progress_);
        }
        if (is_too_long_)
            return true;
        if (of.problem.empty() && unreadable_ > 0) {
            of.problem =
                std::to_string(unreadable_) + " records have no id or no updatedAt, and can't be compared";
            of.is_for_good = true;
        }
        of.is_done = of.problem.empty() && !is_stopping_;
        return false;
    }

    /// Nothing behind the last page, and where it can't be had, which `of` says then.
    std::optional<api_answer> next_page(page_walk& pages, resource_progress& of) {
        poll_pace pace;
        for (int attempt = 1; !is_stopping_;) {
            auto page = pages.next(std::chrono::steady_clock::now() + times_.request);
            if (!page || page->is_success())
                return page;
            if (page->what == api_answer::kind::later) {
                wait_until(page->until, page->problem);
            } else if (may_pass(*page) && attempt++ < attempts_max) {
                wait(pace.next(), page->problem);
            } else {
                of.problem = page->problem;
                is_too_long_ = page->what == api_answer::kind::answered && page->status / 100 == 2;
                of.is_for_good = is_too_long_ || is_for_good(*page);
                of.is_listable = !has_no_list(*page);
                return std::nullopt;
            }
        }
        return std::nullopt;
    }

    /// False: there is an end of it.
    bool take(const api_answer& page, resource_progress& of) {
        std::vector<changed_record> changed;
        wall_time newest{};
        for (const std::string_view text : resource_texts(page.body)) {
            auto one = read_changed_record(text);
            if (!one) {
                ++unreadable_;
                continue;
            }
            newest = std::max(newest, one->updated_at);
            changed.push_back(std::move(*one));
        }
        of.listed += changed.size();
        const auto since_newest = std::chrono::floor<std::chrono::milliseconds>(wall_now() - newest);
        if (since_newest < times_.settle)
            wait(std::min(times_.settle, times_.settle - since_newest),
                 "what has just changed may be on its way here");
        if (is_stopping_)
            return false;
        if (const auto read = known_.catch_up([this] { return is_over(); }); !read) {
            of.problem = read.error() == errc::being_carried_over
                             ? "what the store has isn't known yet: " + read.error().message()
                             : "the store can't be read now; the log says why";
            return false;
        }
        if (is_over())
            return false; // what is known is known in part only
        std::erase_if(changed, [this](const changed_record& one) { return known_.has(one); });
        of.missing += changed.size();
        for (const changed_record& one : changed)
            if (progress_.missing.size() < missing_shown_max)
                progress_.missing.push_back({one.resource, one.id, one.updated_at});
        return progress_.wish.is_dry_run || store_all(changed, of);
    }

    bool store_all(const std::vector<changed_record>& missing, resource_progress& of) {
        const auto under_way = std::make_shared<pending_appends>();
        const auto deadline = std::chrono::steady_clock::now() + times_.append;
        for (const changed_record& one : missing) {
            under_way->begin();
            from_.events.append(to_event(one), to_.repeat_window, deadline,
                                [under_way](error_code ec, const store::append_result& what) {
                                    under_way->end(!ec, !what.is_repeat);
                                });
        }
        const bool is_stored = under_way->wait(times_.append + stop_is_seen_within);
        of.stored += under_way->stored();
        if (!is_stored)
            of.problem = "the store doesn't write now; the log says why";
        return is_stored;
    }

    verified_event to_event(const changed_record& from) const {
        event made;
        made.received_at = wall_now();
        made.id = make_event_id(made.received_at);
        made.endpoint = to_.endpoint;
        made.source = to_.source;
        made.content_type = content_type;
        made.body = backfilled_body(from, from.created_at >= progress_.wish.since && !known_.has_any(from));
        made.facts = read_event(made.body);
        made.body_digest = sha256(made.body);
        return signature::verifier::of_fetched(std::move(made));
    }

    void wait_until(wall_time until, const std::string& why) {
        wait(std::chrono::ceil<std::chrono::milliseconds>(
                 std::max<std::chrono::microseconds>(until - wall_now(), 0us)),
             why);
    }

    void wait(std::chrono::milliseconds time, const std::string& why) {
        progress_.waits_for = why;
        tell_(progress_);
        is_stopping_ = is_stopping_ || !pause_(time);
        progress_.waits_for.clear();
    }

    bool is_over() {
        is_stopping_ = is_stopping_ || !pause_(0ms);
        return is_stopping_;
    }

    const backfill_sources& from_;
    const backfill_target& to_;
    const pause_for& pause_;
    const std::function<void(const backfill_progress&)>& tell_;
    const backfill_run_times times_;
    client client_;
    known_changes known_;
    backfill_progress progress_;
    bool is_stopping_ = false;
    // Of the resource at hand.
    std::uint64_t unreadable_ = 0;
    bool is_too_long_ = false;
};

} // namespace

bool backfill_progress::is_complete() const {
    return finished_at && std::ranges::all_of(resources, &resource_progress::is_done);
}

backfill_progress run_backfill(const backfill_sources& from, const backfill_target& to,
                               const backfill_wish& wish, const pause_for& pause,
                               const std::function<void(const backfill_progress&)>& tell,
                               backfill_run_times times) {
    return running_backfill{from, to, wish, pause, tell, times}.finish();
}

} // namespace outreachd::outreach
