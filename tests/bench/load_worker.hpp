/// One thread's share of the load: some connections on an epoll of its own.
///
/// A closed loop gives each connection its next request when the last one is answered. An open loop makes a
/// request due every 1/rate seconds whatever the server does, and counts its latency from that moment, also
/// where it then waits for a connection to come free: a server that stalls is charged for all that came due
/// meanwhile (no coordinated omission).
#pragma once

#include "tests/bench/load.hpp"
#include "tests/bench/response_reader.hpp"

#include <array>
#include <deque>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace outreachd::bench {

/// Thread `index` of `count`.
struct worker_share {
    std::size_t index;
    std::size_t count;
};

class load_worker {
public:
    load_worker(const load_plan& plan, const tls_context& context, const target& to, worker_share share);
    ~load_worker();

    /// Requests begin at `begin`; they are measured from `start` on.
    void run(tally::clock::time_point begin, tally::clock::time_point start);

    const tally& counts() const { return counts_; }

private:
    using clock = tally::clock;

    struct requester {
        requester(const tls_context& context, const target& to, int epoll, std::size_t index,
                  const signed_request& pattern)
            : connection{context, to, epoll, index}, request{pattern} {}

        tls_connection connection;
        signed_request request;
        response_reader response;
        std::string_view unsent;
        clock::time_point counted_from;
        bool is_busy = false;
    };

    bool work_remains(clock::time_point now) const;
    clock::time_point due(std::uint64_t request) const;
    void begin_due_requests();
    void begin_request(requester& client, clock::time_point counted_from);
    void go_on(requester& client);
    progress exchange(requester& client);
    void drop_idle_connection(requester& client);
    void count_answer(requester& client);
    void count_fault(requester& client, progress how);
    void finish(requester& client);
    void expire(clock::time_point now);
    void wait();

    const load_plan& plan_;
    worker_share share_;
    signer signer_;
    int epoll_;
    std::vector<std::unique_ptr<requester>> clients_;
    std::deque<requester*> idle_; ///< In turn, so that an open loop uses all connections.
    std::deque<std::pair<clock::time_point, requester*>> resting_; ///< After a fault; by time.
    std::array<char, 16 * 1024> room_;
    clock::time_point begin_;
    clock::time_point start_;
    clock::time_point stop_;
    clock::time_point next_expiry_;
    clock::time_point last_answered_;
    std::uint64_t begun_ = 0;
    std::uint64_t requests_max_;
    std::size_t busy_ = 0;
    tally counts_;
};

} // namespace outreachd::bench
