/// What a delivery's steps gave, remembered over attempts.
#pragma once

#include "handlers/handler.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace outreachd::handlers::outreach {

/// One attempt's view of `progress`: steps by their number, counted from 0, and of those that are done for
/// each element of a list the elements. A list is kept as it was first, so that an attempt goes on with the
/// same. Each record has the fingerprint of its step, since a reload may have put another one in its place.
/// One thread.
class step_journal {
public:
    /// Reads what is kept; without `kept` it is remembered for this attempt alone. `fingerprints` are those
    /// of the steps that are configured, and outlive it. Throws std::runtime_error where what is kept can't
    /// be read, or makes no sense.
    step_journal(progress* kept, std::span<const std::string> fingerprints);

    /// The first step that is done, or begun, and isn't the one that is configured there. Nothing: there is
    /// none, or what is kept was written by a version without fingerprints.
    std::optional<std::size_t> changed_step() const { return changed_; }

    /// JSON. Null where the step isn't done.
    const std::string* result(std::size_t step) const;
    void finish(std::size_t step, std::string result);

    /// The elements of a step's list, each JSON; null where it isn't begun.
    const std::vector<std::string>* list(std::size_t step) const;
    void begin_list(std::size_t step, std::vector<std::string> elements);
    /// What its elements gave that are done, in order.
    const std::vector<std::string>& element_results(std::size_t step);
    void finish_element(std::size_t step, std::string result);

private:
    struct list_state {
        std::vector<std::string> elements;
        std::vector<std::string> results;
    };

    void take(const std::string& record);
    void record(const char* kind, std::size_t step, const std::string& json);

    progress* const kept_;
    const std::span<const std::string> fingerprints_;
    std::optional<std::size_t> changed_;
    std::map<std::size_t, std::string> done_;
    std::map<std::size_t, list_state> lists_;
};

/// The results as one JSON array.
std::string join_results(const std::vector<std::string>& results);

} // namespace outreachd::handlers::outreach
