/// One attempt at one delivery: handle, then the verdict.
#include "daemon/dispatch/run_delivery.hpp"

#include <exception>

namespace outreachd::dispatch {

namespace {

constexpr std::chrono::seconds wait_again_after{30};

} // namespace

outcome run_attempt(handlers::handler& target, const handlers::attempt& what) noexcept {
    try {
        return target.handle(what);
    } catch (const std::exception& problem) {
        return outcome::retry(std::string{"the handler failed: "} + problem.what());
    } catch (...) {
        return outcome::retry("the handler failed with something that is no exception");
    }
}

verdict judge(const delivery& what, std::string_view handler, outcome said, const attempt_times& times,
              const retry_schedule& schedule, double random) {
    verdict judged;
    store::settlement& record = judged.record;
    record.sequence = what.at;
    record.handler = handler;
    record.attempts = what.attempts + 1;
    record.started_at = times.started_at;
    record.took = times.took;
    record.reason = std::move(said.reason);
    if (record.reason.size() > reason_bytes_max)
        record.reason.resize(reason_bytes_max);
    record.last_answer = std::move(said.last_answer);
    if (record.last_answer.size() > last_answer_bytes_max)
        record.last_answer.resize(last_answer_bytes_max);

    switch (said.verdict) {
    case outcome::kind::done:
        record.state = store::delivery_state::done;
        break;
    case outcome::kind::dead:
        record.state = store::delivery_state::dead;
        break;
    case outcome::kind::wait:
        record.attempts = what.attempts;
        record.is_wait = true;
        record.state = store::delivery_state::retry;
        judged.pause = said.retry_after.value_or(wait_again_after);
        record.next_attempt_at = times.ended_at + *judged.pause;
        break;
    case outcome::kind::given_back:
        record.attempts = what.attempts;
        record.is_wait = record.is_given_back = true;
        record.state = store::delivery_state::retry;
        judged.pause = std::chrono::milliseconds{0};
        record.next_attempt_at = times.ended_at;
        break;
    case outcome::kind::retry:
        judged.pause = schedule.pause_after(record.attempts, said.retry_after, random);
        if (judged.pause) {
            record.state = store::delivery_state::retry;
            record.next_attempt_at = times.ended_at + *judged.pause;
        } else {
            record.state = store::delivery_state::dead;
            record.reason += " (given up after " + std::to_string(record.attempts) +
                             (record.attempts == 1 ? " attempt)" : " attempts)");
        }
        break;
    }
    return judged;
}

} // namespace outreachd::dispatch
