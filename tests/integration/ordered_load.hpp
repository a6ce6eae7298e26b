/// Senders whose events have an order that can be checked at the other end.
#pragma once

#include "tests/integration/daemon_under_test.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace outreachd::tests {

/// Each sender posts the numbers 1, 2, 3 … of a resource of its own, one after the other, to one of the
/// receivers; the next only once the one before is acknowledged, as often as that takes.
///
/// Together they keep a pace of `rate` a second: an event is due at its time, whether the one before was
/// answered by then or not, and what is late is made up for as fast as answers come. So the pace is kept
/// where an answer takes less than `senders / rate` on average, 40 ms, and what waits is at most an event of
/// each sender.
///
/// With a broker behind the receiver, of each resource one event is on its way there at a time: a backlog
/// shrinks only where a confirm takes less than those 40 ms, too. Under a sanitizer it takes as long, so
/// there half as many come.
class ordered_load {
public:
#ifdef OUTREACHD_SANITIZED
    static constexpr unsigned usual_rate = 250;
#else
    static constexpr unsigned usual_rate = 500;
#endif

    ordered_load(std::vector<std::uint16_t> ports, unsigned senders = 20, unsigned rate = usual_rate);
    ~ordered_load();
    ordered_load(const ordered_load&) = delete;
    ordered_load& operator=(const ordered_load&) = delete;

    struct tally {
        std::map<std::string, std::uint64_t> last_acked; ///< By resource id.
        std::uint64_t acked = 0;
        std::uint64_t wrong_status = 0;
        /// Connections refused, and those that ended before an answer, or gave none in 5 s.
        std::uint64_t unanswered = 0;
        /// From an event's first sending, also where it had to be sent again.
        std::chrono::milliseconds slowest_ack{};
        double pace = 0;             ///< Events due a second.
        double acked_per_second = 0; ///< Until it was stopped.
    };

    tally stop();

    std::uint64_t acked_so_far() const noexcept {
        return acked_;
    }

    /// What is posted.
    static std::string body_of(const std::string& resource, std::uint64_t number);

private:
    void send(const std::string& resource, std::uint16_t port, std::chrono::microseconds pause);

    const unsigned rate_;
    const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
    std::atomic<bool> is_stopping_ = false;
    std::atomic<std::uint64_t> acked_ = 0;
    std::mutex mutex_; // guards tally_
    tally tally_;
    std::vector<std::thread> threads_;
};

/// What senders are promised by a receiver that goes on running: each request is answered, with 200, within a
/// second. The load must have kept its pace, or it was none.
void expect_all_answered(const ordered_load::tally& sent);

/// The numbers of each resource as they stand in a worker's file, in order.
std::map<std::string, std::vector<std::uint64_t>> numbers_by_resource(const daemon_under_test& worker);

/// What the workers' files say against what was acknowledged.
struct arrival {
    std::uint64_t lost = 0;
    std::uint64_t repeats = 0;      ///< Of one number in one worker's file.
    std::uint64_t across = 0;       ///< Numbers in more than one worker's file.
    std::uint64_t out_of_order = 0; ///< In one worker's file, first arrivals only.
    std::string disordered;         ///< The resource of the first of those.
};

arrival arrived_by_now(const ordered_load::tally& sent, const std::vector<const daemon_under_test*>& workers);
/// Waits for what is still on its way.
arrival arrived(const ordered_load::tally& sent, const std::vector<const daemon_under_test*>& workers);

} // namespace outreachd::tests
