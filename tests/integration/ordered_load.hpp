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
/// receivers; the next only once the one before is acknowledged, as often as that takes. Together some `rate`
/// a second.
class ordered_load {
public:
    ordered_load(std::vector<std::uint16_t> ports, unsigned senders = 10, unsigned rate = 500);
    ~ordered_load();
    ordered_load(const ordered_load&) = delete;
    ordered_load& operator=(const ordered_load&) = delete;

    struct tally {
        std::map<std::string, std::uint64_t> last_acked; ///< By resource id.
        std::uint64_t acked = 0;
        std::uint64_t wrong_status = 0;
        std::chrono::milliseconds slowest_ack{};
    };

    tally stop();

    std::uint64_t acked_so_far() const noexcept { return acked_; }

private:
    void send(const std::string& resource, std::uint16_t port, std::chrono::microseconds pause);

    std::atomic<bool> is_stopping_ = false;
    std::atomic<std::uint64_t> acked_ = 0;
    std::mutex mutex_; // guards tally_
    tally tally_;
    std::vector<std::thread> threads_;
};

/// The numbers of each resource as they stand in a worker's file, in order.
std::map<std::string, std::vector<std::uint64_t>> numbers_by_resource(const daemon_under_test& worker);

/// What the workers' files say against what was acknowledged; waits for what is still on its way.
struct arrival {
    std::uint64_t lost = 0;
    std::uint64_t repeats = 0;      ///< Of one number in one worker's file.
    std::uint64_t across = 0;       ///< Numbers in more than one worker's file.
    std::uint64_t out_of_order = 0; ///< In one worker's file, first arrivals only.
    std::string disordered;         ///< The resource of the first of those.
};

arrival arrived(const ordered_load::tally& sent, const std::vector<const daemon_under_test*>& workers);

} // namespace outreachd::tests
