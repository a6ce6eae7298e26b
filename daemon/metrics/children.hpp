/// Finds a family's child by its label values without building a label set each time.
#pragma once

#include <prometheus/family.h>
#include <prometheus/labels.h>

#include <functional>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>

namespace outreachd::metrics {

/// The children of one family, by the values of its two labels (the second may be unused, and empty).
///
/// Thread-safe. Once a pair is known, finding it is a shared lock and a short search. Label values come
/// from the configuration or from constants, so the set is bounded.
template <typename Metric>
class children {
public:
    using make_function = std::function<Metric&(const std::string& first, const std::string& second)>;

    explicit children(make_function make) : make_(std::move(make)) {}

    Metric& at(std::string_view first, std::string_view second) {
        const std::pair key{first, second};
        {
            const std::shared_lock reading{mutex_};
            if (const auto found = known_.find(key); found != known_.end())
                return *found->second;
        }
        const std::unique_lock writing{mutex_};
        if (const auto found = known_.find(key); found != known_.end())
            return *found->second;
        std::pair<std::string, std::string> owned{first, second};
        Metric& made = make_(owned.first, owned.second);
        known_.emplace(std::move(owned), &made);
        return made;
    }

    /// Visits each child with its label values.
    template <typename Visitor>
    void each(Visitor visit) const {
        const std::shared_lock reading{mutex_};
        for (const auto& [labels, child] : known_)
            visit(labels.first, labels.second, *child);
    }

private:
    struct less {
        using is_transparent = void;

        template <typename Left, typename Right>
        bool operator()(const Left& left, const Right& right) const noexcept {
            const int order = std::string_view{left.first}.compare(right.first);
            return order != 0 ? order < 0 : std::string_view{left.second} < std::string_view{right.second};
        }
    };

    make_function make_;
    mutable std::shared_mutex mutex_;
    std::map<std::pair<std::string, std::string>, Metric*, less> known_;
};

} // namespace outreachd::metrics
