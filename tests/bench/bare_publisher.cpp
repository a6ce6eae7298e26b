#include "tests/bench/bare_publisher.hpp"

#include "daemon/amqp_connection/event_message.hpp"
#include "daemon/event/ordering_key.hpp"
#include "tests/bench/bench_event.hpp"
#include "tests/bench/pace.hpp"
#include "tests/bench/signed_request.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace outreachd::bench {

namespace {

using namespace std::chrono_literals;
using clock = pair_confirms::clock;

constexpr std::uint16_t publishing = 1; // channels
constexpr std::uint16_t declaring = 2;

constexpr auto silence_max = 30s;

} // namespace

bare_publisher::bare_publisher(const settings::amqp_queue& queue)
    : names_(queue), at_(amqp::connection_options(queue.nodes, "bench"), guard_), last_heard_(clock::now()) {
    at_.open_channel(publishing);
    at_.open_channel(declaring);
    if (const auto unusable = names_.declare(at_, declaring); !unusable.empty())
        throw std::runtime_error(unusable.begin()->second);
    at_.confirm_publishes(publishing);
}

ready_message bare_publisher::make(std::uint64_t id, std::size_t body_bytes) const {
    const event subject = make_event(id, 0, body_bytes).take();
    return {amqp_connection::to_message(subject),
            names_.partition_of(ordering_key(subject.facts), subject.id)};
}

void bare_publisher::publish(const ready_message& next) {
    if (at_.is_blocked())
        throw std::runtime_error("the broker is under an alarm");
    at_.publish(publishing, {names_.exchange(), next.what.type, false, &next.what});
    at_.publish(publishing, {"", names_.work_queue(next.partition), true, &next.what});
    confirms_.note_sent(clock::now());
}

void bare_publisher::take_confirms(std::chrono::milliseconds at_most) {
    auto came = at_.next(at_most);
    const auto now = clock::now();
    if (came || confirms_.in_flight() == 0)
        last_heard_ = now;
    else if (now - last_heard_ > silence_max)
        throw std::runtime_error("the broker confirms nothing any more");
    for (; came; came = at_.next(0ms))
        take(*came);
}

void bare_publisher::take(const amqp_connection::incoming& what) {
    if (const auto* confirm = std::get_if<amqp_connection::confirmed>(&what))
        confirms_.take(*confirm, clock::now());
    else if (const auto* back = std::get_if<amqp_connection::returned>(&what))
        throw std::runtime_error("the broker returns a message: " + back->reply_text);
    else if (const auto* alarm = std::get_if<amqp_connection::blocked>(&what))
        throw std::runtime_error("the broker is under an alarm: " + alarm->reason);
}

flow_result run_bare(const settings::amqp_queue& queue, const flow_plan& plan) {
    bare_publisher to(queue);
    std::vector<ready_message> messages;
    messages.reserve(plan.total());
    const std::uint64_t first_id = fresh_first_id();
    while (messages.size() < plan.total())
        messages.push_back(to.make(first_id + messages.size(), plan.body_bytes));

    auto next = messages.begin();
    const auto reach = [&](std::uint64_t settled) {
        while (to.confirms().settled() < settled) {
            while (next != messages.end() && to.confirms().in_flight() < plan.window)
                to.publish(*next++);
            to.take_confirms(1s);
        }
        return counted_moment::now(to.confirms().settled());
    };
    const counted_moment first = reach(plan.warm_up());
    const counted_moment last = reach(plan.warm_up() + plan.measured);
    reach(plan.total());
    return between(first, last);
}

latency_result run_bare_at_rate(const settings::amqp_queue& queue, const latency_plan& plan) {
    bare_publisher to(queue);
    std::uint64_t next_id = fresh_first_id();
    const auto load = [&](std::chrono::nanoseconds length) {
        pace timetable(plan.rate);
        const auto end = timetable.next_due() + length;
        while (timetable.next_due() < end) {
            const auto left =
                std::chrono::floor<std::chrono::milliseconds>(timetable.next_due() - clock::now());
            if (left > 0ms) {
                to.take_confirms(left);
                continue;
            }
            to.publish(to.make(next_id++, plan.body_bytes));
            timetable.advance();
            to.take_confirms(0ms);
        }
        while (to.confirms().in_flight() > 0)
            to.take_confirms(1s);
    };
    load(plan.warm_up);
    to.end_warm_up();
    load(plan.length);
    return result_of(to.confirms().latency());
}

} // namespace outreachd::bench
