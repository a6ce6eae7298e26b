/// Query strings of the Outreach REST API (contract 6.5 to 6.19, 6.27, 9.1 to 9.3).
#pragma once

#include "daemon/event/timestamp.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::handlers::outreach {

enum class filter_syntax {
    old,    ///< `filter[id]=1,2`, `filter[updatedAt]=A..inf`: values must hold neither `,` nor `..`.
    modern, ///< `filter[id][]=1&filter[id][]=2`, `filter[updatedAt][gte]=A`: values are taken as they are.
};

/// Builds one query string. Brackets stay as they are, so that a query can be read; everything else but
/// letters, digits and `-._~` is percent-encoded, and lists keep their commas.
///
///     query{filter_syntax::modern}.related("owner", "5").sort("-updatedAt").page_size(100).text()
class query {
public:
    explicit query(filter_syntax syntax = filter_syntax::old);

    /// The filter of a bulk action: `actionParams[filter][…]`, always in the modern syntax, since others
    /// could hit every record (contract 9.3, 9.4).
    static query for_batch();

    query& equals(std::string_view attribute, std::string_view value);
    /// Throws std::invalid_argument where `values` is empty: that would be no filter at all.
    query& any_of(std::string_view attribute, std::span<const std::string> values);
    /// Both ends count. A missing one is open; with both missing nothing is filtered.
    query& between(std::string_view attribute, const std::optional<std::string>& from,
                   const std::optional<std::string>& to);
    query& since(std::string_view attribute, wall_time from);
    query& is_null(std::string_view attribute);
    query& is_not_null(std::string_view attribute);
    /// By the ids of what a relationship leads to.
    query& related(std::string_view relationship, std::span<const std::string> ids);
    query& related(std::string_view relationship, std::string_view id);

    /// `name`, `-updatedAt,id`
    query& sort(std::string_view attributes);
    /// `account.owner,stage`
    query& include(std::string_view relationships);
    /// By the type of resource: `user`, not `owner`.
    query& fields(std::string_view type, std::string_view attributes);
    query& page_size(std::uint32_t size);
    /// Outreach has deprecated these two; the cursor in `links.next` takes their place.
    query& page_offset(std::uint32_t offset, std::uint32_t limit);
    query& count();

    /// A parameter of an action: `actionParams[name]=value`.
    query& action(std::string_view name, std::string_view value);

    /// Any other pair. `name` may hold brackets.
    query& add(std::string_view name, std::string_view value);

    /// Whether a filter has been set; a bulk action without one touches every record (contract 9.2).
    bool has_filter() const noexcept { return has_filter_; }

    /// Without the question mark; empty where nothing was added.
    const std::string& text() const noexcept { return text_; }

private:
    query& filter(std::string_view attribute, std::string_view suffix, std::string_view encoded_value);
    query& put(std::string_view name, std::string_view encoded_value);

    std::string root_ = "filter";
    filter_syntax syntax_;
    bool has_filter_ = false;
    std::string text_;
};

/// Whether a query string has a filter that a bulk action heeds: `actionParams[filter]…`, brackets encoded
/// or not. A bare `filter[…]` is none (contract 9.4).
bool has_batch_filter(std::string_view query_text);

/// `path` with `query_text` behind its `?` or, where it has one, its `&`.
std::string with_query(std::string path, std::string_view query_text);

} // namespace outreachd::handlers::outreach
