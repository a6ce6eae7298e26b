#include "handlers/outreach/page_walk.hpp"

#include <functional>

namespace outreachd::handlers::outreach {

page_walk::page_walk(client& by, api_request first, std::size_t pages_max)
    : by_(by), request_(std::move(first)), pages_max_(pages_max) {}

std::optional<api_answer> page_walk::next(steady_time deadline) {
    if (request_.target.empty())
        return std::nullopt;
    if (auto ended = out_of_bounds())
        return ended;
    api_answer page = by_.send(request_, deadline);
    step(page);
    return page;
}

std::optional<api_answer> page_walk::next_patiently(steady_time deadline) {
    if (request_.target.empty())
        return std::nullopt;
    if (auto ended = out_of_bounds())
        return ended;
    api_answer page = by_.send_patiently(request_, deadline);
    step(page);
    return page;
}

std::optional<api_answer> page_walk::out_of_bounds() const {
    if (is_circle_)
        return api_answer{.problem = "the list has no end: its next page is one that was read before"};
    if (pages_read_ >= pages_max_)
        return api_answer{.problem = "the list has more than " + std::to_string(pages_max_) +
                                     " pages; ask for larger ones (page[size]) or filter it"};
    return std::nullopt;
}

void page_walk::step(const api_answer& page) {
    if (!page.is_success())
        return;
    ++pages_read_;
    const auto document = read_json(page.body);
    std::string following = document ? next_page(*document) : std::string{};
    seen_.insert(std::hash<std::string>{}(request_.target));
    is_circle_ = seen_.contains(std::hash<std::string>{}(following));
    request_.target = std::move(following);
}

} // namespace outreachd::handlers::outreach
