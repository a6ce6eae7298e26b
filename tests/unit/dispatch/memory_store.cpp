/// A store in memory that can be held up and made to fail.
#include "tests/unit/dispatch/memory_store.hpp"

#include <algorithm>

namespace outreachd::dispatch::test {

class memory_reader final : public delivery_reader {
public:
    explicit memory_reader(memory_store& backing) : backing_(backing) {}

    result<sequence> routed_up_to() override {
        const std::lock_guard lock(backing_.mutex_);
        if (backing_.is_read_failing())
            return backing_.read_failure_;
        return backing_.cursor_;
    }

    result<std::vector<store::stored_event>> events_after(sequence after, std::size_t limit,
                                                          std::size_t bytes_max) override {
        const std::lock_guard lock(backing_.mutex_);
        if (backing_.is_read_failing())
            return backing_.read_failure_;
        std::vector<store::stored_event> found;
        std::size_t bytes = 0;
        for (auto at = backing_.events_.upper_bound(after); at != backing_.events_.end(); ++at) {
            bytes += at->second.subject ? at->second.subject->body.size() : 0;
            if (found.size() == limit || (!found.empty() && bytes > bytes_max))
                break;
            found.push_back(at->second);
        }
        return found;
    }

    result<store::stored_event> event_at(sequence at) override {
        const std::lock_guard lock(backing_.mutex_);
        if (backing_.is_read_failing())
            return backing_.read_failure_;
        ++backing_.single_reads_;
        const auto found = backing_.events_.find(at);
        if (found == backing_.events_.end() || backing_.hidden_.contains(at)) {
            ++backing_.missed_reads_;
            backing_.changed_.notify_all();
            return errc::not_found;
        }
        return found->second;
    }

    result<std::vector<store::unfinished_delivery>> unfinished(std::string_view handler, sequence after,
                                                               std::size_t limit) override {
        const std::lock_guard lock(backing_.mutex_);
        if (backing_.is_read_failing())
            return backing_.read_failure_;
        std::vector<store::unfinished_delivery> found;
        const auto rows = backing_.deliveries_.find(handler);
        if (rows == backing_.deliveries_.end())
            return found;
        for (auto at = rows->second.upper_bound(after); at != rows->second.end() && found.size() < limit;
             ++at)
            if (at->second.now.state < store::delivery_state::done)
                found.push_back(at->second.now);
        return found;
    }

    result<std::vector<std::string>> step_results(std::string_view handler, sequence at) override {
        const std::lock_guard lock(backing_.mutex_);
        if (backing_.is_read_failing())
            return backing_.read_failure_;
        return backing_.steps_[{std::string{handler}, at}];
    }

private:
    memory_store& backing_;
};

class memory_view final : public delivery_store {
public:
    explicit memory_view(memory_store& backing) : backing_(backing) {}

    void on_committed(store::committed_sink sink) override {
        const std::lock_guard lock(backing_.mutex_);
        backing_.sink_ = std::move(sink);
    }

    // Routes come by `record_routes` alone: the real store is tested with both ways.
    void route_at_append(store::route_decision) override {}

    void record_routes(std::vector<store::routing> routes, store::write_done done) override {
        auto& backing = backing_;
        backing.enqueue(
            {false, [&backing, routes = std::move(routes)] { backing.apply(routes); }, std::move(done)});
    }

    void settle(store::settlement what, store::write_done done) override {
        auto& backing = backing_;
        backing.enqueue({true, [&backing, what = std::move(what)] { backing.apply(what); }, std::move(done)});
    }

    void record_step(store::step_record what, store::write_done done) override {
        auto& backing = backing_;
        const auto add = [&backing, what = std::move(what)] {
            auto& kept = backing.steps_[{what.handler, what.sequence}];
            if (what.number != kept.size())
                backing.violations_.push_back("a step is recorded out of turn");
            kept.push_back(what.result);
        };
        backing.enqueue({true, add, std::move(done)});
    }

    std::unique_ptr<delivery_reader> open_reader() override {
        return std::make_unique<memory_reader>(backing_);
    }

private:
    memory_store& backing_;
};

memory_store::memory_store() : writer_([this] { commit_for_ever(); }) {}

memory_store::~memory_store() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    changed_.notify_all();
    writer_.join();
}

sequence memory_store::add(const std::string& resource_id, const std::string& name, std::size_t body_bytes) {
    store::stored_event committed;
    store::committed_sink sink;
    {
        const std::lock_guard lock(mutex_);
        committed = events_.at(insert(resource_id, name, body_bytes));
        sink = sink_;
    }
    if (sink)
        sink(std::span(&committed, 1));
    return committed.sequence;
}

sequence memory_store::add_quietly(const std::string& resource_id, std::size_t body_bytes) {
    const std::lock_guard lock(mutex_);
    return insert(resource_id, "task.completed", body_bytes);
}

sequence memory_store::insert(const std::string& resource_id, const std::string& name,
                              std::size_t body_bytes) {
    auto made = std::make_shared<event>();
    made->id = make_event_id(wall_now());
    made->facts.name = name;
    made->facts.resource = name.substr(0, name.find('.'));
    made->facts.resource_id = resource_id;
    made->source = "outreach";
    made->body.assign(body_bytes, 'x');
    ++last_;
    events_[last_] = {last_, std::move(made)};
    return last_;
}

void memory_store::damage(sequence at) {
    const std::lock_guard lock(mutex_);
    events_.at(at).subject.reset();
}

void memory_store::hide(sequence at, bool is_hidden) {
    const std::lock_guard lock(mutex_);
    if (is_hidden)
        hidden_.insert(at);
    else
        hidden_.erase(at);
}

void memory_store::carry_in(const std::string& handler, sequence at) {
    store::committed_sink sink;
    {
        const std::lock_guard lock(mutex_);
        deliveries_[handler][at].now = {at, store::delivery_state::pending, 0, {}, 0};
        sink = sink_;
    }
    sink({});
}

void memory_store::hold_commits(bool is_held) {
    {
        const std::lock_guard lock(mutex_);
        is_held_ = is_held;
    }
    changed_.notify_all();
}

void memory_store::fail_reads(std::size_t count, errc failure) {
    const std::lock_guard lock(mutex_);
    read_failure_ = failure;
    reads_to_fail_ = count;
}

bool memory_store::wait_for_finished(const std::string& handler, std::size_t count) {
    return wait_until([&] { return finished(handler) >= count; });
}

bool memory_store::wait_for_routed(std::size_t count) {
    return wait_until([&] { return routings_.size() >= count; });
}

std::size_t memory_store::finished(const std::string& handler) const {
    const auto rows = deliveries_.find(handler);
    if (rows == deliveries_.end())
        return 0;
    return static_cast<std::size_t>(std::ranges::count_if(
        rows->second, [](const auto& one) { return one.second.now.state >= store::delivery_state::done; }));
}

const memory_store::row& memory_store::delivery(const std::string& handler, sequence at) const {
    return deliveries_.at(handler).at(at);
}

std::vector<std::string> memory_store::violations() const {
    const std::lock_guard lock(mutex_);
    return violations_;
}

std::unique_ptr<delivery_store> memory_store::open() {
    return std::make_unique<memory_view>(*this);
}

void memory_store::hold_settlements(bool is_held) {
    {
        const std::lock_guard lock(mutex_);
        holds_settlements_ = is_held;
    }
    changed_.notify_all();
}

void memory_store::enqueue(write waiting) {
    {
        const std::lock_guard lock(mutex_);
        writes_.push_back(std::move(waiting));
    }
    changed_.notify_all();
}

std::deque<memory_store::write>::iterator memory_store::next_write() {
    if (is_held_)
        return writes_.end();
    return std::ranges::find_if(
        writes_, [this](const write& one) { return !holds_settlements_ || !one.is_settlement; });
}

void memory_store::commit_for_ever() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return is_stopping_ || next_write() != writes_.end(); });
        if (is_stopping_)
            return;
        const auto next = next_write();
        const write committing = std::move(*next);
        writes_.erase(next);
        committing.change();
        lock.unlock();
        committing.done();
        changed_.notify_all();
        lock.lock();
    }
}

void memory_store::apply(const std::vector<store::routing>& routes) {
    largest_batch_ = std::max(largest_batch_, routes.size());
    for (const auto& one : routes) {
        if (one.sequence <= cursor_)
            violations_.push_back("routed twice or out of order: " + std::to_string(one.sequence));
        cursor_ = one.sequence;
        routings_[one.sequence] = one;
        for (const auto& to : one.handlers)
            deliveries_[to.handler][one.sequence].now = {
                one.sequence, store::delivery_state::pending, 0, {}, one.ordering_key, 0, to.is_conditional};
    }
}

void memory_store::apply(const store::settlement& what) {
    auto& kept = deliveries_[what.handler][what.sequence];
    if (kept.now.state >= store::delivery_state::done)
        violations_.push_back("settled after its end: " + std::to_string(what.sequence));
    kept.now.state = what.state;
    kept.now.attempts = what.attempts;
    kept.now.next_attempt_at = what.next_attempt_at;
    kept.reason = what.reason;
    ++kept.settlements;
}

bool memory_store::is_read_failing() {
    if (reads_to_fail_ == 0)
        return false;
    --reads_to_fail_;
    ++failed_reads_;
    changed_.notify_all();
    return true;
}

} // namespace outreachd::dispatch::test
