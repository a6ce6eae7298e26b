/// A real store, filled with deliveries that wait.
#pragma once

#include "daemon/settings/settings.hpp"
#include "daemon/store/store.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace outreachd::bench {

/// Nothing goes wrong in a benchmark's store; where something does, its numbers mean nothing.
class failing_observer final : public store::observer {
public:
    void write_failed(std::string_view cause) override;
    void read_failed(std::string_view cause) override;

    void written(std::chrono::milliseconds) override {}

    void set_aside(std::string_view file, std::string_view fresh, std::string_view cause) override;

    void carried_over(std::string_view, std::uint64_t, std::uint64_t) override {}

    void waits_for_room(std::string_view, std::uint64_t) override {}

    void damaged(store::sequence at, std::string_view file) override;

    void clock_jumped(std::chrono::seconds) override {}
};

/// A route of its own for each handler, so that each event is one delivery.
std::vector<settings::route> routes_to(std::uint32_t handlers);

/// Nothing leaves it while it is measured, however large it grows.
store::options unbounded_store(const std::string& directory);

struct backlog_plan {
    std::uint64_t pending = 0;
    std::uint32_t handlers = 1;
    std::size_t body_bytes = 1024;
    bool waits_for_broker = false; ///< In the outbox, instead of for handlers.
};

/// Appends events until `pending` wait, each of a record of its own and by turns for each of the handlers,
/// many in flight at once. Blocks. The ids of a run begin at `next_id`, which is moved on; `progress` gets
/// how many wait, some times a second. Throws std::runtime_error where one can't be stored.
void fill_up(store::store& to, const backlog_plan& plan, std::uint64_t& next_id,
             const std::function<void(std::uint64_t)>& progress = {});

/// The same with the store in `directory`, which is closed afterwards.
void prepare_backlog(const std::string& directory, const backlog_plan& plan,
                     const std::function<void(std::uint64_t)>& progress);

/// On a terminal, a line that is written anew each time.
void show_progress(const std::string& what, std::uint64_t done, std::uint64_t wanted);

} // namespace outreachd::bench
