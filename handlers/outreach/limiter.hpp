/// The hourly limit of requests (contract 8.1 to 8.4), as the headers tell it.
#pragma once

#include "daemon/event/timestamp.hpp"
#include "handlers/http_transport.hpp"
#include "handlers/outreach/token_source.hpp"

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace outreachd::handlers::outreach {

/// On whose behalf a request goes.
enum class caller {
    worker,           ///< Leaves the reserve to:
    operator_command, ///< somebody who waits at a terminal.
    backfill,         ///< Leaves half of the limit to others.
};

/// What is known of the limit. All of it may be unknown, and then requests go.
struct limit_facts {
    std::optional<std::uint64_t> limit;
    std::optional<std::uint64_t> remaining;
    wall_time reset_at{};
    wall_time held_until{}; ///< Nobody sends before: a 429 or a maintenance said so.
    friend bool operator==(const limit_facts&, const limit_facts&) = default;
};

/// Shared by all threads that send. Thread-safe; a mutex is held for some comparisons, never over I/O.
///
/// What it knows is kept in a file over restarts, written once a second at most and without fsync: a guess
/// that is lost costs one request. Other processes of this host read it when they start.
class limiter {
public:
    struct rules {
        double reserve = 0.1; ///< The share of the limit that is kept for the command line.
        std::string file;     ///< Its path. Empty: nothing is kept.
        std::string account;  ///< Whose limit it is: a file of another one counts for nothing.
    };

    /// The right to send one request.
    class permit {
    public:
        permit(permit&& other) noexcept;
        permit& operator=(permit&&) = delete;
        permit(const permit&) = delete;
        permit& operator=(const permit&) = delete;
        ~permit();

    private:
        friend class limiter;

        explicit permit(limiter& owner) : owner_(&owner) {}

        limiter* owner_;
    };

    /// Of any wait: the limit is an hourly one, and clocks differ.
    static constexpr std::chrono::minutes wait_max{65};

    struct entry {
        std::optional<permit> allowed;
        wall_time until{}; ///< Where it isn't: when to ask again.
        std::string why{};
    };

    explicit limiter(rules set, wall_clock now = wall_now);
    ~limiter();
    limiter(const limiter&) = delete;
    limiter& operator=(const limiter&) = delete;

    /// Doesn't block.
    entry enter(caller who);

    /// Takes in what an answer says of the limit, also that it is over (429). Afterwards `held_until` of the
    /// facts says how long everybody waits.
    void learn(const http_answer& answer);

    /// Nobody sends for a while: `wait` is bounded by what an hourly limit can ask for. Gives its end.
    wall_time hold(std::chrono::milliseconds wait, std::string why);

    limit_facts facts() const;

private:
    double kept_from(caller who) const;
    void mend_times(wall_time now); // with mutex_ held
    void learn_locked(const http_answer& answer, wall_time now);
    std::chrono::milliseconds refused_wait(const http_answer& answer, wall_time now);
    void leave() noexcept;
    void load();
    void save(bool is_urgent);

    const rules rules_;
    const wall_clock now_;
    mutable std::mutex mutex_; ///< Of all below.
    limit_facts facts_;
    std::string held_why_;
    std::uint64_t in_flight_ = 0;
    int refusals_ = 0;              ///< 429 in a row.
    bool is_reset_guessed_ = false; ///< `facts_.reset_at`: the clock was put back since an answer said it.
    bool is_saving_ = false;
    bool is_changed_ = false;
    steady_time saved_at_{};
};

/// The time and the text around it: `until 2026-11-21T08:22:55Z`. For what is said to people.
std::string until_words(wall_time until);

} // namespace outreachd::handlers::outreach
