/// What a handler says of one attempt.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace outreachd {

/// The verdict of one attempt, with its reason in words for the operator.
struct outcome {
    enum class kind {
        done,  ///< Delivered.
        retry, ///< Not now; the retry schedule decides when, and when it is enough.
        dead,  ///< Never: no further attempt can help.
        wait,  ///< Nothing was attempted: nobody may, or can, before `retry_after` has passed. Counts as no
               ///< attempt, and holds for all deliveries of the handler.
        given_back, ///< The daemon ends, or the handler has changed: what is left is done after the next
                    ///< start, or by the handler that follows. No attempt either.
    };

    kind verdict = kind::done;
    std::string reason;      ///< What failed, on what, why. Empty when done.
    std::string last_answer; ///< The first 4 KiB of what the other side said; of a program's outputs each.
    std::optional<std::chrono::milliseconds> retry_after; ///< The other side's wish, for `retry` and `wait`.

    static outcome done() { return {}; }

    static outcome retry(std::string why) { return {kind::retry, std::move(why), {}, {}}; }

    static outcome wait(std::chrono::milliseconds how_long, std::string why) {
        return {kind::wait, std::move(why), {}, how_long};
    }

    static outcome give_back(std::string why) { return {kind::given_back, std::move(why), {}, {}}; }

    static outcome dead(std::string why) { return {kind::dead, std::move(why), {}, {}}; }
};

} // namespace outreachd
