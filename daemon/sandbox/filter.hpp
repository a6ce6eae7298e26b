/// Which records a list, or a bulk action, is about (contract 6.5 to 6.10).
#pragma once

#include "daemon/sandbox/query.hpp"
#include "daemon/sandbox/records.hpp"

#include <functional>
#include <span>

namespace outreachd::sandbox {

enum class filter_syntax { old_style, new_style };

/// Conditions that all hold. Immutable.
class filter {
public:
    /// One condition of a query: what it is on, and what is said of it. `keys` are those behind `filter`.
    struct term {
        std::vector<std::string> keys;
        std::string value;
        std::string written; ///< For messages.
    };

    /// Throws refusal, 422, for what can't be filtered by.
    filter(const resource_type& type, std::span<const term> terms, filter_syntax syntax);

    bool matches(const record& candidate) const;

    bool is_empty() const noexcept { return conditions_.empty(); }

private:
    std::vector<std::function<bool(const record&)>> conditions_;
};

/// The terms of `filter[...]` in a query.
std::vector<filter::term> filter_terms(const std::vector<parameter>& query);

/// Below zero, zero, above: as numbers, as times, or as text. Null comes last.
int compare(const boost::json::value& left, const boost::json::value& right);

} // namespace outreachd::sandbox
