#include "handlers/amqp_pool.hpp"

#include <algorithm>
#include <iterator>

namespace outreachd::handlers {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds connect_timeout_max{5'000};
constexpr milliseconds connect_timeout_min{1};
/// All good-byes together, when the handler ends.
constexpr std::chrono::seconds last_good_byes_max{1};

} // namespace

amqp_pool::amqp_pool(amqp_connection::options how, milliseconds idle_limit)
    : how_(std::move(how)), idle_limit_(idle_limit), closing_([this] { close_unused(); }) {}

amqp_pool::~amqp_pool() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
        changed_.notify_all();
    }
    closing_.join();
    std::move(discarded_.begin(), discarded_.end(), std::back_inserter(idle_));
    const steady_time enough = std::chrono::steady_clock::now() + last_good_byes_max;
    for (std::unique_ptr<line>& one : idle_) {
        if (std::chrono::steady_clock::now() >= enough)
            guard_.end_all();
        one.reset();
    }
}

std::unique_ptr<amqp_pool::line> amqp_pool::take_idle() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty())
        return nullptr;
    std::unique_ptr<line> warmest = std::move(idle_.back());
    idle_.pop_back();
    return warmest;
}

std::unique_ptr<amqp_pool::line> amqp_pool::open(steady_time deadline) {
    const auto left = std::chrono::floor<milliseconds>(deadline - std::chrono::steady_clock::now()) /
                      static_cast<milliseconds::rep>(how_.nodes.size());
    amqp_connection::options how = how_;
    how.first_node = last_node_;
    how.connect_timeout = std::clamp(left, connect_timeout_min, connect_timeout_max);
    auto made = std::make_unique<line>(how, guard_);
    last_node_ = made->broker.node_index();
    return made;
}

void amqp_pool::give_back(std::unique_ptr<line> used) {
    used->idle_since = std::chrono::steady_clock::now();
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(used));
    changed_.notify_all();
}

void amqp_pool::discard(std::unique_ptr<line> used) {
    const std::lock_guard lock(mutex_);
    discarded_.push_back(std::move(used));
    changed_.notify_all();
}

void amqp_pool::close_unused() {
    std::unique_lock lock(mutex_);
    while (!is_stopping_) {
        std::vector<std::unique_ptr<line>> unused = take_unused(lock);
        if (unused.empty())
            continue;
        lock.unlock();
        unused.clear(); // each says good-bye
        lock.lock();
    }
}

/// Waits where there is nothing to be closed now.
std::vector<std::unique_ptr<amqp_pool::line>> amqp_pool::take_unused(std::unique_lock<std::mutex>& lock) {
    std::vector<std::unique_ptr<line>> unused = std::move(discarded_);
    discarded_.clear();
    const steady_time now = std::chrono::steady_clock::now();
    steady_time next = steady_time::max();
    for (std::unique_ptr<line>& one : idle_) {
        const steady_time end =
            one->idle_since + (one->broker.is_blocked() ? milliseconds{blocked_idle_max} : idle_limit_);
        if (end <= now)
            unused.push_back(std::move(one));
        else
            next = std::min(next, end);
    }
    std::erase(idle_, nullptr);
    if (!unused.empty())
        return unused;
    if (next == steady_time::max())
        changed_.wait(lock);
    else
        changed_.wait_until(lock, next);
    return unused;
}

} // namespace outreachd::handlers
