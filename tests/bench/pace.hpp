/// A steady rate.
#pragma once

#include <chrono>

namespace outreachd::bench {

/// When each is due, whatever became of those before: who is late catches up.
class pace {
public:
    using clock = std::chrono::steady_clock;

    /// The first is due now.
    explicit pace(double a_second)
        : between_(std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>{1 / a_second})),
          next_due_(clock::now()) {}

    clock::time_point next_due() const { return next_due_; }

    void advance() { next_due_ += between_; }

private:
    clock::duration between_;
    clock::time_point next_due_;
};

} // namespace outreachd::bench
