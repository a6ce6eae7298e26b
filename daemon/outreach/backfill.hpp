/// Fetches from Outreach what changed while nobody listened (contract 3.13, 13.8).
#pragma once

#include "daemon/log/logger.hpp"
#include "daemon/outreach/backfill_run.hpp"
#include "daemon/outreach/covered_time.hpp"
#include "daemon/thread/wakeable_thread.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace outreachd::outreach {

struct backfill_times {
    std::chrono::milliseconds beat = std::chrono::seconds{30}; ///< Between two marks of how far all is known.
    std::chrono::milliseconds again =
        std::chrono::minutes{5}; ///< After a run that failed for now; it doubles.
    std::chrono::milliseconds again_max = std::chrono::hours{1};
    std::chrono::milliseconds settle = backfill_run_times{}.settle;
    std::chrono::milliseconds stale = std::chrono::seconds{90};   ///< A mark that old is a gap's beginning.
    std::chrono::milliseconds overlap = std::chrono::minutes{10}; ///< Before a gap: clocks differ.
};

/// A thread that runs one backfill at a time: those that people ask for, and with `on_start: auto` its own,
/// after each gap. A gap begins where the last mark stands, which is kept beside the tokens: up to then
/// nothing is missing. While one isn't filled the mark stays, and says so. A resource that can't be had for
/// now is tried again, less and less often; one that Outreach won't tell of is given up, and `problems` says
/// so.
///
/// Made shared: a thread that hangs in a request is left behind at the stop, and touches nothing but this
/// once that has ended.
class backfill : public std::enable_shared_from_this<backfill> {
public:
    /// `sources.events` and `log` outlive it, but for a thread that is left behind, which uses neither.
    backfill(backfill_sources sources, backfill_target target, settings::backfill configured,
             std::vector<std::string> resources, const std::string& directory, log::logger& log,
             backfill_times times = {});

    /// Makes its thread, which waits for `start`: that can't fail then. Throws std::system_error.
    void make_ready();
    /// Makes it, where that isn't done, and lets it run.
    void start();

    void begin_stop() { thread_.begin_stop(); }

    /// As `wakeable_thread`.
    bool finish_stop(steady_time until) { return thread_.finish_stop(until); }

    /// Its thread, asked to end, is in a request yet, and another one marks from now on: the last mark, by
    /// which each ends, isn't this one's any more. Any thread.
    void supersede() { is_superseded_ = true; }

    void leave_behind() {
        supersede();
        thread_.leave_behind();
    }

    // Any thread; none blocks.
    /// Begins a run soon. Empty, or why not: another one is under way, or nobody says of what.
    std::string ask(backfill_wish wish);
    /// Of the run that is under way, or was the last. Nothing where there was none.
    std::optional<backfill_progress> progress() const;
    /// Since when something may be missing that nobody has fetched: a gap's beginning, or that of a
    /// suspension. Nothing where no such time is known.
    std::optional<wall_time> gap_since() const;

    /// Of which resources a gap was not filled, since when, why, and what fetches it; in words. Until a run
    /// has fetched it, or the daemon ends.
    std::vector<std::string> problems() const;

    /// All that came from then on is in the store; earlier events may have left it, by age or to make room.
    wall_time known_from() const;

    /// Whether it is fetched by itself.
    bool is_automatic() const noexcept { return configured_.is_automatic; }

    /// Since when a webhook sends nothing; nothing: all send. What came before its end is fetched then.
    void note_suspension(std::optional<wall_time> since);

private:
    void run();
    void begin_with_last_mark();
    void begin_gap(wall_time since);
    void end_gap(const backfill_progress& ended);
    std::optional<backfill_wish> take_wish();
    void take_up_gap();
    void fill_gap();
    void run_once(const backfill_wish& wish, bool is_own);
    void tell_failure(const char* cause);
    bool tell_end(const backfill_progress& ended, bool is_own);
    void note_unfilled(const backfill_progress& ended, bool is_of_gap);
    bool pause(std::chrono::milliseconds time);
    void beat();

    const backfill_sources sources_;
    const backfill_target target_;
    const settings::backfill configured_;
    const std::vector<std::string> resources_;
    log::logger& log_;
    const backfill_times times_;
    wakeable_thread thread_;
    std::atomic<bool> is_superseded_ = false;

    // The thread's own.
    covered_time covered_;
    std::optional<wall_time> marked_at_; ///< When a mark was last written.
    steady_time next_beat_{};
    std::vector<std::string> left_; ///< Of the gap: those that aren't done.
    steady_time gap_due_{};
    std::chrono::milliseconds again_{};
    /// Since when something may be missing again, though the gap at hand isn't filled.
    std::optional<wall_time> missed_since_;

    mutable std::mutex mutex_; ///< Guards all below.
    /// Not filled yet. The thread alone writes it, and so may read it without the mutex.
    std::optional<wall_time> gap_since_;
    /// Of a suspension that is over, where nothing is fetched by itself; until somebody asks for all of it,
    /// over restarts, too.
    std::optional<wall_time> left_since_;
    std::optional<backfill_wish> asked_;
    std::optional<backfill_progress> progress_;
    std::optional<wall_time> suspended_since_;
    std::optional<wall_time> suspension_ended_; ///< Its beginning, once it is over.

    struct unfilled {
        std::string resource;
        wall_time since{};
        std::string why;
    };

    std::vector<unfilled> unfilled_; ///< One for each resource at most.
};

} // namespace outreachd::outreach
