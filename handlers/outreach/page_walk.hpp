/// The pages of a list, one after the other (contract 6.16).
#pragma once

#include "handlers/outreach/client.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_set>

namespace outreachd::handlers::outreach {

/// Follows `links.next`; nothing is asked for before it is wanted. One thread.
///
///     page_walk pages{outreach, get("/tasks?page[size]=100")};
///     while (const auto page = pages.next(deadline)) {
///         if (!page->is_success())
///             return page->problem;
///         for (const std::string_view task : resource_texts(page->body))
///             …
///     }
class page_walk {
public:
    /// A list that is longer than `pages_max`, or that leads back to a page of it, ends as `refused`.
    explicit page_walk(client& by, api_request first, std::size_t pages_max = 10'000);

    /// The next page; nothing behind the last one. What is no success stays where it is: asked again, the
    /// walk tries that page again. Blocks as `client::send` does.
    std::optional<api_answer> next(steady_time deadline);

    /// The same, patiently (see `client::send_patiently`).
    std::optional<api_answer> next_patiently(steady_time deadline);

    std::size_t pages_read() const noexcept { return pages_read_; }

    /// What the next call asks for: where a walk can be taken up again. Empty behind the last page.
    const std::string& next_target() const noexcept { return request_.target; }

private:
    std::optional<api_answer> out_of_bounds() const;
    void step(const api_answer& page);

    client& by_;
    api_request request_; ///< An empty target: there is no further page.
    const std::size_t pages_max_;
    std::size_t pages_read_ = 0;
    std::unordered_set<std::size_t> seen_; ///< Hashes of the targets that were read: a URL may be long.
    bool is_circle_ = false;
};

} // namespace outreachd::handlers::outreach
