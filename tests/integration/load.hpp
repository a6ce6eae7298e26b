/// Senders that behave as Outreach does, and remember what was acknowledged.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace outreachd::tests {

/// What became of the requests of a load.
struct load_tally {
    std::set<std::uint64_t> acked;    ///< Numbers of the bodies that got a 200.
    std::uint64_t sent = 0;           ///< Requests, repeats included.
    std::uint64_t not_connected = 0;  ///< Connections refused, or ended before TLS stood.
    std::uint64_t without_answer = 0; ///< Connections that ended before a status.
    std::uint64_t closed = 0;         ///< Those of them that ended with a FIN: Outreach may not try again.
    std::uint64_t wrong_status = 0;   ///< Statuses that weren't 200.
    std::vector<std::chrono::milliseconds>
        resets_after; ///< From the connection's or the request's beginning to its reset.
    std::chrono::milliseconds slowest_ack{};
    /// When a connection wasn't made, or ended without a status.
    std::vector<std::chrono::steady_clock::time_point> failed_at;
};

/// `connections` threads, each with one kept connection, post distinct signed bodies one after the
/// other until stopped. An answer, whatever its status, ends an event; a connection that ends without
/// one is repeated a second later, four attempts in all (contract 3.2, 3.4).
class load {
public:
    struct plan {
        std::uint16_t port = 0;
        unsigned connections = 100;
        std::uint64_t first_number = 0;     ///< Of the bodies.
        std::chrono::milliseconds pause{0}; ///< Between the requests of one connection.
        bool repeats_unanswered = false;    ///< Else the sender goes on with the next body.
        bool has_new_connections = false;   ///< One for each request, as Outreach makes them.
    };

    explicit load(plan what);
    ~load();
    load(const load&) = delete;
    load& operator=(const load&) = delete;

    /// Waits for the senders' last answers.
    load_tally stop();

    std::uint64_t acked_so_far() const noexcept { return acked_so_far_; }

private:
    void send_until_stopped();

    const plan plan_;
    std::atomic<bool> is_stopping_ = false;
    std::atomic<std::uint64_t> next_number_;
    std::atomic<std::uint64_t> acked_so_far_ = 0;
    std::mutex mutex_; // guards tally_
    load_tally tally_;
    std::vector<std::thread> threads_;
};

} // namespace outreachd::tests
