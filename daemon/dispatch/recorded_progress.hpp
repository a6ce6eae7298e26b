/// What a delivery's handler has done so far, kept in the store.
#pragma once

#include "daemon/dispatch/lane.hpp"

namespace outreachd::dispatch {

/// For one attempt; the worker's own thread.
class lane::recorded_progress final : public handlers::progress {
public:
    recorded_progress(lane& of, worker& by, sequence at) : lane_(of), worker_(by), at_(at) {}

    std::vector<std::string> results() override;
    void record(std::string result) override;

    /// Whether there are steps that are done.
    bool is_used() const { return done_ > 0; }

private:
    lane& lane_;
    worker& worker_;
    const sequence at_;
    std::uint32_t done_ = 0;
};

} // namespace outreachd::dispatch
