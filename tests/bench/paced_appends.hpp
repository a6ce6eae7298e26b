/// Signed events into a store at a steady rate, as a receiver under load appends them.
#pragma once

#include "daemon/store/store.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace outreachd::bench {

class paced_appends {
public:
    using clock = std::chrono::steady_clock;

    struct acked_append {
        std::uint64_t id = 0; ///< Of the record that the event is about.
        clock::time_point appended;
        clock::time_point acked;
    };

    /// Ids are `first_id` and on, over all runs.
    paced_appends(store::store& to, double a_second, std::size_t body_bytes, std::uint64_t first_id);

    /// For so long, or until `goes_on` says no. Returns once all are answered; `acked` is told of each, on
    /// the store's writer thread. Throws std::runtime_error where one can't be stored.
    void run(std::chrono::nanoseconds length, const std::function<bool()>& goes_on,
             const std::function<void(const acked_append&)>& acked);

    std::uint64_t next_id() const { return next_id_; }

private:
    store::store& to_;
    const double a_second_;
    const std::size_t body_bytes_;
    std::uint64_t next_id_;
};

} // namespace outreachd::bench
