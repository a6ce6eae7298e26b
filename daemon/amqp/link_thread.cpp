#include "daemon/amqp/link_thread.hpp"

#include <algorithm>
#include <utility>

namespace outreachd::amqp {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds pause_min = 200ms;
constexpr std::chrono::milliseconds pause_max = 10s;
/// What a call that hangs is given at the stop, to fail once its socket is shut down.
constexpr std::chrono::milliseconds last_word = 1s;

} // namespace

link_thread::link_thread(amqp_connection::options how, link_health& health, work what)
    : how_(std::move(how)), health_(health), work_(std::move(what)), pause_(pause_min) {}

void link_thread::start() {
    thread_.start([self = shared_from_this()] { self->run(); });
}

void link_thread::begin_stop() {
    thread_.begin_stop();
}

bool link_thread::finish_stop(steady_time until) {
    if (thread_.finish_stop(until - last_word))
        return true;
    watchdog_.end_all();
    if (thread_.finish_stop(until))
        return true;
    thread_.leave_behind();
    return false;
}

void link_thread::note_connected(const amqp_connection::connection& at) {
    health_.connected(at.node());
}

void link_thread::run() {
    while (!is_stopping()) {
        run_once();
        if (is_stopping())
            return;
        thread_.pause(next_pause());
    }
}

void link_thread::run_once() {
    try {
        amqp_connection::options how = how_;
        how.first_node = first_node_;
        amqp_connection::connection made(how, watchdog_);
        if (is_stopping())
            return;
        first_node_ = made.node_index();
        work_(made);
    } catch (const std::exception& failure) { // also want of memory, for a message that is too large
        if (is_stopping())
            return;
        ++first_node_; // another one may do better
        if (health_.lost(failure.what()))
            pause_ = pause_min;
    }
}

/// With jitter, so that a cluster that comes back isn't met by all at once.
std::chrono::milliseconds link_thread::next_pause() {
    const double share = std::uniform_real_distribution<double>(0.5, 1)(random_);
    const auto pause = std::chrono::milliseconds{
        static_cast<std::chrono::milliseconds::rep>(static_cast<double>(pause_.count()) * share)};
    pause_ = std::min(pause_ * 2, pause_max);
    return pause;
}

} // namespace outreachd::amqp
