#include "tests/bench/load_worker.hpp"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <system_error>

#include <sys/epoll.h>
#include <unistd.h>

namespace outreachd::bench {

namespace {

using namespace std::chrono_literals;

/// A server that is down is asked again at this pace.
constexpr auto rest_after_fault = 10ms;
constexpr auto expiry_interval = 50ms;
/// A number of requests is given up when none was answered for this many timeouts.
constexpr int patience_in_timeouts = 3;

/// What thread `share.index` gets of `total`.
std::uint64_t part_of(std::uint64_t total, worker_share share) {
    return total / share.count + (share.index < total % share.count ? 1 : 0);
}

} // namespace

load_worker::load_worker(const load_plan& plan, const tls_context& context, const target& to,
                         worker_share share)
    : plan_{plan}, share_{share}, signer_{plan.secret}, epoll_{epoll_create1(EPOLL_CLOEXEC)},
      requests_max_{std::numeric_limits<std::uint64_t>::max()} {
    if (epoll_ < 0) {
        throw std::system_error{errno, std::system_category(), "epoll_create1"};
    }
    if (plan.rate) {
        const std::chrono::duration<double> whole = plan.warmup + plan.measured;
        requests_max_ = part_of(static_cast<std::uint64_t>(*plan.rate * whole.count()), share);
    } else if (plan.requests) {
        requests_max_ = part_of(*plan.requests, share);
    }
    const signed_request pattern{plan.shape};
    for (std::size_t index = 0; index < part_of(plan.connections, share); ++index) {
        clients_.push_back(std::make_unique<requester>(context, to, epoll_, index, pattern));
        idle_.push_back(clients_.back().get());
    }
}

load_worker::~load_worker() {
    clients_.clear();
    ::close(epoll_);
}

void load_worker::run(clock::time_point begin, clock::time_point start) {
    begin_ = last_answered_ = begin;
    start_ = start;
    stop_ = start + plan_.measured;
    next_expiry_ = begin + expiry_interval;
    while (busy_ > 0 || work_remains(clock::now())) {
        begin_due_requests();
        wait();
    }
    if (plan_.rate || plan_.requests) {
        counts_.unsent += requests_max_ - begun_;
    }
}

bool load_worker::work_remains(clock::time_point now) const {
    if (begun_ == requests_max_) {
        return false;
    }
    if (plan_.requests) {
        return now < last_answered_ + patience_in_timeouts * plan_.timeout;
    }
    // An open loop that fell behind goes on for a while: its last requests were due before the stop.
    return now < (plan_.rate ? stop_ + plan_.timeout : stop_);
}

/// When this thread's request number `request` is due: the threads take turns.
load_worker::clock::time_point load_worker::due(std::uint64_t request) const {
    const auto number = static_cast<double>(request * share_.count + share_.index);
    const std::chrono::duration<double> since_begin{number / *plan_.rate};
    return begin_ + std::chrono::duration_cast<clock::duration>(since_begin);
}

void load_worker::begin_due_requests() {
    while (!idle_.empty()) {
        const auto now = clock::now();
        if (!work_remains(now) || (plan_.rate && due(begun_) > now)) {
            return;
        }
        requester& next = *idle_.front();
        idle_.pop_front();
        next.request.stamp(signer_, plan_.first_id + begun_ * share_.count + share_.index);
        const auto counted_from = plan_.rate ? due(begun_) : clock::now();
        ++begun_;
        begin_request(next, counted_from);
    }
}

void load_worker::begin_request(requester& client, clock::time_point counted_from) {
    client.counted_from = counted_from;
    client.unsent = client.request.bytes();
    client.response.restart();
    client.is_busy = true;
    ++busy_;
    if (!client.connection.is_open()) {
        const progress opened = client.connection.open();
        if (opened != progress::blocked) {
            count_fault(client, opened);
        }
        return;
    }
    go_on(client);
}

/// Continues a connection as far as it goes: after an event, or with a new request.
void load_worker::go_on(requester& client) {
    if (!client.is_busy) {
        drop_idle_connection(client);
        return;
    }
    const progress reached = exchange(client);
    if (reached == progress::done) {
        count_answer(client);
    } else if (reached != progress::blocked) {
        count_fault(client, reached);
    }
}

/// Handshake, request, answer.
progress load_worker::exchange(requester& client) {
    if (!client.connection.is_established()) {
        const progress established = client.connection.establish();
        if (established != progress::done) {
            return established;
        }
        ++(client.connection.was_resumed() ? counts_.resumed_handshakes : counts_.full_handshakes);
    }
    if (!client.unsent.empty()) {
        const progress written = client.connection.write(client.unsent);
        if (written != progress::done) {
            return written;
        }
        return progress::blocked; // The answer cannot be here yet; it comes with an event of its own.
    }
    for (;;) {
        std::size_t bytes = 0;
        const progress read = client.connection.read(room_, bytes);
        if (read != progress::done) {
            return read;
        }
        switch (client.response.feed({room_.data(), bytes})) {
        case response_reader::state::complete:
            return progress::done;
        case response_reader::state::malformed:
            return progress::failed;
        case response_reader::state::incomplete:
            break;
        }
    }
}

/// Between requests a server may only close: a new connection is then made for the next one.
void load_worker::drop_idle_connection(requester& client) {
    std::size_t bytes = 0;
    if (client.connection.is_open() && client.connection.read(room_, bytes) != progress::blocked) {
        client.connection.close();
    }
}

void load_worker::count_answer(requester& client) {
    const auto now = clock::now();
    last_answered_ = now;
    ++counts_.statuses[client.response.status()];
    if (plan_.requests || client.counted_from >= start_) {
        counts_.latency.record(now - client.counted_from);
        counts_.last_answer = now;
    }
    if (plan_.new_connection || client.response.closes_connection()) {
        client.connection.close();
    }
    finish(client);
    idle_.push_back(&client);
}

void load_worker::count_fault(requester& client, progress how) {
    switch (how) {
    case progress::reset:
        ++counts_.resets;
        break;
    case progress::refused:
        ++counts_.refused;
        break;
    case progress::closed:
        ++counts_.closed;
        break;
    default:
        ++counts_.failures;
        if (counts_.first_failure.empty()) {
            const std::string& failure = client.connection.failure();
            counts_.first_failure =
                failure.empty() ? "an answer that isn't HTTP/1.1 with Content-Length" : failure;
        }
    }
    client.connection.close();
    finish(client);
    resting_.emplace_back(clock::now() + rest_after_fault, &client);
}

void load_worker::finish(requester& client) {
    client.is_busy = false;
    --busy_;
}

void load_worker::expire(clock::time_point now) {
    for (const auto& client : clients_) {
        if (client->is_busy && client->counted_from + plan_.timeout < now) {
            ++counts_.timeouts;
            client->connection.close();
            finish(*client);
            resting_.emplace_back(now + rest_after_fault, client.get());
        }
    }
    next_expiry_ = now + expiry_interval;
}

/// Sleeps until something happens or is due, and deals with it.
void load_worker::wait() {
    auto until = next_expiry_;
    if (!resting_.empty()) {
        until = std::min(until, resting_.front().first);
    }
    if (plan_.rate && !idle_.empty() && begun_ < requests_max_) {
        until = std::min(until, due(begun_));
    }
    const auto left = std::max<std::chrono::nanoseconds>(until - clock::now(), 0ns);
    const timespec timeout{static_cast<time_t>(left / 1s), static_cast<long>((left % 1s).count())};

    std::array<epoll_event, 128> events;
    const int count = epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
    for (int i = 0; i < count; ++i) {
        go_on(*clients_[events[static_cast<std::size_t>(i)].data.u64]);
        begin_due_requests();
    }
    const auto now = clock::now();
    while (!resting_.empty() && resting_.front().first <= now) {
        idle_.push_back(resting_.front().second);
        resting_.pop_front();
    }
    if (now >= next_expiry_) {
        expire(now);
    }
}

} // namespace outreachd::bench
