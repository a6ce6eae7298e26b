#include "tests/bench/paced_appends.hpp"

#include "tests/bench/appends_under_way.hpp"
#include "tests/bench/bench_event.hpp"
#include "tests/bench/pace.hpp"

#include <limits>
#include <thread>

namespace outreachd::bench {

namespace {

using namespace std::chrono_literals;

} // namespace

paced_appends::paced_appends(store::store& to, double a_second, std::size_t body_bytes,
                             std::uint64_t first_id)
    : to_(to), a_second_(a_second), body_bytes_(body_bytes), next_id_(first_id) {}

void paced_appends::run(std::chrono::nanoseconds length, const std::function<bool()>& goes_on,
                        const std::function<void(const acked_append&)>& acked) {
    appends_under_way under_way(std::numeric_limits<std::uint64_t>::max()); // the rate bounds them
    pace timetable(a_second_);
    const auto end = timetable.next_due() + length;
    while (timetable.next_due() < end && goes_on()) {
        // Signed and verified before it is due: no part of what is measured.
        verified_event next = make_event(next_id_, 0, body_bytes_);
        std::this_thread::sleep_until(timetable.next_due());
        timetable.advance();
        under_way.enter();
        const acked_append begun{next_id_++, clock::now(), {}};
        to_.append(std::move(next), 24h, begun.appended + 1min,
                   [&, begun](error_code ec, const store::append_result&) {
                       acked_append whole = begun;
                       whole.acked = clock::now();
                       acked(whole);
                       under_way.leave(ec);
                   });
    }
    under_way.wait_for_all();
}

} // namespace outreachd::bench
