#include "daemon/store/store.hpp"

#include "daemon/event/ordering_key.hpp"
#include "daemon/store/background.hpp"
#include "daemon/store/event_row.hpp"
#include "daemon/store/schema.hpp"
#include "daemon/store/sqlite_reader.hpp"
#include "daemon/thread/scheduling.hpp"

#include <condition_variable>
#include <system_error>
#include <thread>

#include <pthread.h>

namespace outreachd::store {

/// Everything that the threads share. Each holds it too, so that one that hangs in the disk when
/// the daemon stops has what it needs until the process ends.
class engine {
public:
    engine(const options& configured, observer& watch)
        : files(configured.directory), owner(files, configured.repeat_window, watch), watcher(watch),
          clerk(files, owner, watch, damaged, stop,
                expiry(configured.retention, configured.repeat_window, owner, watcher)),
          checkpoints(files, owner, stop), list_time_max(configured.list_time_max) {}

    file_set files;
    writer owner;
    observer& watcher;
    std::atomic<std::uint64_t> damaged = 0;
    stop_signal stop;
    background clerk;
    checkpointer checkpoints;
    const std::chrono::milliseconds list_time_max;

    std::mutex mutex; // guards running_threads
    std::condition_variable thread_ended;
    int running_threads = 0;
};

namespace {

/// `name`: at most 15 bytes, for `top -H` and debuggers.
std::thread start_thread(const std::shared_ptr<engine>& shared, const char* name, void (*body)(engine&)) {
    const std::scoped_lock counting(shared->mutex); // the end waits until the beginning is counted
    std::thread started([shared, body]() noexcept {
        // Catches what it can meet. What else there is (no memory) ends the process, and is meant to: nobody
        // has been told that anything is stored which isn't.
        body(*shared);
        const std::scoped_lock lock(shared->mutex);
        --shared->running_threads;
        shared->thread_ended.notify_all();
    });
    ++shared->running_threads;
    pthread_setname_np(started.native_handle(), name);
    return started;
}

constexpr std::chrono::seconds stop_limit{10};
constexpr std::chrono::milliseconds giving_up_time{500}; // a writer that fails looks every 100 ms

} // namespace

routing route_to_outbox(const stored_event& stored) {
    routing decided;
    decided.sequence = stored.sequence;
    if (!stored.subject) {
        decided.dead_reason = damaged_reason;
        return decided;
    }
    decided.ordering_key = ordering_key(stored.subject->facts);
    decided.handlers = {outbox_name};
    return decided;
}

store::store(const options& configured, observer& watcher) try
    : engine_(std::make_shared<engine>(configured, watcher)) {
    try {
        threads_.push_back(start_thread(engine_, "store writer", [](engine& shared) { shared.owner.run(); }));
        threads_.push_back(start_thread(engine_, "checkpoints", [](engine& shared) {
            yield_to_others();
            shared.checkpoints.run();
        }));
        threads_.push_back(start_thread(engine_, "store clerk", [](engine& shared) {
            yield_to_others();
            shared.clerk.run();
        }));
    } catch (const std::system_error& refused) {
        stop(stop_limit); // those that run
        throw std::runtime_error(std::string("can't start the store's threads: ") + refused.what() +
                                 ". Raise TasksMax= of the service");
    }

} catch (const database_error& failure) {

    throw std::runtime_error(std::string("can't open the store: ") + failure.what() +
                             ". Its directory and files must be writable by the user outreachd runs as,"
                             " and the disk must not be full");
}

store::~store() {
    stop(stop_limit);
}

void store::on_committed(committed_sink sink) {
    engine_->owner.on_committed(std::move(sink));
}

void store::route_at_append(route_decision decide) {
    engine_->owner.route_at_append(std::move(decide));
}

void store::on_answered(std::function<void()> all) {
    engine_->owner.on_answered(std::move(all));
}

void store::append(verified_event genuine, std::chrono::milliseconds dedup_window, steady_time deadline,
                   append_done done, answered_when when) {
    engine_->owner.append(std::move(genuine), dedup_window, deadline, std::move(done), when);
}

void store::on_outbox(outbox_sink filled) {
    engine_->owner.on_outbox(std::move(filled));
}

void store::record_routes(std::vector<routing> routes, write_done done) {
    engine_->owner.record_routes(std::move(routes), std::move(done));
}

void store::settle(settlement what, write_done done) {
    engine_->owner.settle(std::move(what), std::move(done));
}

void store::record_step(step_record what, write_done done) {
    engine_->owner.record_step(std::move(what), std::move(done));
}

void store::replay(std::vector<routing> routes, change_done done) {
    engine_->owner.change(
        [routes = std::move(routes)](session& of) {
            std::uint64_t changed = 0;
            for (const routing& one : routes)
                changed += of.replay(one);
            return changed;
        },
        std::move(done));
}

void store::revive(std::vector<event_id> dead, bool is_from_start, change_done done) {
    engine_->owner.change(
        [dead = std::move(dead), is_from_start](session& of) {
            std::uint64_t changed = 0;
            for (const event_id& one : dead)
                changed += of.revive(one, is_from_start);
            return changed;
        },
        std::move(done));
}

void store::discard(std::vector<event_id> dead, change_done done) {
    engine_->owner.change(
        [dead = std::move(dead)](session& of) {
            std::uint64_t changed = 0;
            for (const event_id& one : dead)
                changed += of.discard(one);
            return changed;
        },
        std::move(done));
}

void store::discard_waiting(std::string handler, std::size_t limit, change_done done) {
    engine_->owner.change(
        [handler = std::move(handler), limit](session& of) { return of.discard_waiting(handler, limit); },
        std::move(done));
}

void store::withdraw(std::vector<routing> routes, change_done done) {
    engine_->owner.change(
        [routes = std::move(routes)](session& of) {
            std::uint64_t changed = 0;
            for (const routing& one : routes)
                changed += of.withdraw(one);
            return changed;
        },
        std::move(done));
}

void store::note_published(std::vector<event_id> events, write_done done) {
    engine_->owner.note_published(std::move(events), std::move(done));
}

void store::take_in(std::vector<std::shared_ptr<const event>> events, routing_of decide, taken_in_done done) {
    engine_->owner.take_in(std::move(events), std::move(decide), std::move(done));
}

bool store::stop(std::chrono::milliseconds timeout) {
    if (engine_->owner.is_stopping())
        return true;
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    engine_->owner.stop(deadline);
    engine_->stop.stop();
    std::unique_lock lock(engine_->mutex);
    // What only fails is given up at the deadline, and ends a moment later.
    const bool are_ended = engine_->thread_ended.wait_until(lock, deadline + giving_up_time,
                                                            [this] { return engine_->running_threads == 0; });
    lock.unlock();
    for (std::thread& one : threads_)
        are_ended ? one.join() : one.detach(); // one that hangs in the disk ends with the process
    return are_ended;
}

std::unique_ptr<reader> store::open_reader() {
    try {
        return std::make_unique<sqlite_reader>(engine_->files, engine_->owner, engine_->watcher,
                                               engine_->damaged, engine_->list_time_max);
    } catch (const database_error& failure) {
        engine_->watcher.read_failed(failure.what());
        throw std::runtime_error(failure.what());
    }
}

ledger store::accounts() const {
    return engine_->owner.accounts();
}

std::vector<handler_depth> store::depths() const {
    const auto oldest = engine_->clerk.unfinished().oldest;
    std::vector<handler_depth> found;
    for (auto& [name, depth] : engine_->owner.depths()) {
        if (name.empty() || name == outbox_name)
            continue; // events without a handler are in the ledger
        found.push_back(depth);
        if (const auto at = oldest.find(name); at != oldest.end() && depth.pending + depth.retry > 0)
            found.back().oldest_pending = at->second.received_at;
    }
    return found;
}

handler_depth store::outbox() const {
    const auto oldest = engine_->clerk.unfinished().oldest;
    const auto depths = engine_->owner.depths();
    const auto known = depths.find(outbox_name);
    handler_depth found = known == depths.end() ? handler_depth{} : known->second;
    if (const auto at = oldest.find(outbox_name); at != oldest.end() && found.pending + found.retry > 0)
        found.oldest_pending = at->second.received_at;
    return found;
}

sequence store::routed_up_to() const {
    return engine_->owner.routed_up_to();
}

std::optional<wall_time> store::dropped_up_to() const {
    const sequence at = engine_->owner.dropped_up_to();
    return at == 0 ? std::nullopt : std::optional{to_wall_time(at)};
}

unfinished_view store::unfinished() const {
    return engine_->clerk.unfinished();
}

std::uint64_t store::dead_without_handler() const {
    const auto depths = engine_->owner.depths();
    const auto found = depths.find("");
    return found == depths.end() ? 0 : found->second.dead;
}

std::optional<std::chrono::milliseconds> store::stalled_for() const {
    return engine_->owner.stalled_for();
}

std::optional<std::chrono::milliseconds> store::hangs_for() const {
    return engine_->owner.hangs_for();
}

bool store::is_carrying_over() const {
    return engine_->owner.is_carrying();
}

std::optional<std::uint64_t> store::room_wanted() const {
    return engine_->clerk.room_wanted();
}

std::uint64_t store::damaged_rows() const {
    return engine_->damaged;
}

std::string store::file() const {
    return engine_->files.path_of(engine_->owner.file());
}

} // namespace outreachd::store
