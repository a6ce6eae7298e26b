/// What the relay tells the store of events it has sent.
#pragma once

#include "daemon/amqp/publish_window.hpp"
#include "daemon/event/timestamp.hpp"
#include "daemon/store/store.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace outreachd::amqp {

/// It stands in the outbox no more; or it is put off, and that is known there by now.
struct committed_event {
    event_id id{};
    std::optional<steady_time> due = {}; ///< Where it is put off.
};

/// Commits are not waited for: what is told and not yet committed is known here. The relay's thread, but for
/// what the store calls. Made shared: the store may call when the relay is gone.
class publish_records : public std::enable_shared_from_this<publish_records> {
public:
    static constexpr std::chrono::minutes put_off_max{64};

    /// `committed` is called behind each commit, on the store's writer thread.
    publish_records(store::store& events, std::function<void()> committed)
        : events_(events), committed_(std::move(committed)) {}

    void note_confirmed(const event_id& id);

    /// Hands over what was noted since the last time: one commit for all.
    void hand_over();
    /// The same once there is enough for a commit, or the first of it has waited for 10 ms.
    void hand_over_many();
    /// The broker doesn't take this one, whatever becomes of others: again in a minute, and each time twice
    /// as late, up to `put_off_max`; one that wasn't sent to the exchange after a second. Gives when.
    steady_time put_off(const event_in_flight& what, const std::string& why);
    /// Its row can't be read any more.
    void bury(store::sequence at);

    /// Whether it may still stand in the outbox.
    bool is_buried(store::sequence at) const { return buried_.contains(at); }

    /// Whether an event is confirmed, or put off, and may still stand in the outbox as if it weren't.
    bool is_unrecorded(const event_id& id) const { return unrecorded_.contains(id); }

    std::size_t unrecorded() const { return unrecorded_.size(); }

    /// Takes note of what is committed by now, and gives it: it isn't to be sent now.
    std::vector<committed_event> look();

    /// Commits that are waited for.
    std::uint64_t waiting() const { return waiting_; }

private:
    /// For the store to call: runs `note` under the mutex. Holds this while it waits.
    std::function<void()> when_committed(std::function<void()> note);

    store::store& events_;
    const std::function<void()> committed_;
    std::vector<event_id> confirmed_;
    steady_time first_confirmed_at_;
    std::set<event_id> unrecorded_;
    std::set<store::sequence> buried_;

    std::atomic<std::uint64_t> waiting_ = 0;
    std::mutex mutex_; ///< Guards all below.
    std::vector<committed_event> recorded_;
    std::vector<store::sequence> recorded_burials_;
};

} // namespace outreachd::amqp
