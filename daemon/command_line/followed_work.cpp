#include "daemon/command_line/followed_work.hpp"

#include "daemon/command_line/columns.hpp"
#include "daemon/command_line/printable.hpp"
#include "daemon/outreach/batch.hpp"
#include "handlers/json_compact.hpp"
#include "handlers/outreach/json_api.hpp"

#include <algorithm>
#include <chrono>
#include <ostream>

namespace outreachd::command_line {

namespace {

using namespace handlers::outreach;

constexpr std::size_t failures_shown_max = 1000;
constexpr std::size_t reason_width_max = 200;

std::string one_line(std::string_view resource) {
    return handlers::json_compact(resource).value_or(std::string{resource});
}

} // namespace

void progress_line::show(const std::string& text) {
    if (!to_.is_terminal)
        return;
    to_.err << '\r' << printable(text) << "\x1b[K" << std::flush;
    is_shown_ = true;
}

void progress_line::end() {
    if (is_shown_)
        to_.err << '\n' << std::flush;
    is_shown_ = false;
}

api_answer follow(outreach_session& session, const api_request& look,
                  const std::function<bool(const api_answer&)>& is_over) {
    return outreach::follow(
        look, [&](const api_request& request) { return session.send(request); },
        [](std::chrono::milliseconds wait) {
            return interrupt_watch::sleep_until(std::chrono::steady_clock::now() + wait);
        },
        is_over);
}

failure_list read_failures(outreach_session& session, const std::vector<std::string>& batches) {
    failure_list list;
    for (const std::string& batch : batches) {
        page_walk pages{session.client(), outreach::failures_request(batch)};
        while (const auto page = session.next(pages)) {
            if (!page->is_success()) {
                list.exit_code = session.report(*page);
                return list;
            }
            for (const std::string_view each : resource_texts(page->body))
                list.items.push_back(one_line(each));
        }
    }
    return list;
}

void show_failures(const failure_list& failures, const std::string& batch, std::ostream& out) {
    if (failures.items.empty())
        return;
    std::vector<std::vector<std::string>> rows;
    for (const std::string& each : failures.items) {
        if (rows.size() >= failures_shown_max)
            break;
        const outreach::failed_item item = outreach::read_failed_item(each);
        const auto resource = read_json(each);
        rows.push_back({resource ? resource_id(*resource) : "", item.subject, item.reason});
    }
    write_columns(
        out, {{"ITEM", column::side::right}, {"OF"}, {"REASON", column::side::left, reason_width_max}}, rows);
    if (failures.items.size() > rows.size())
        out << "and " << failures.items.size() - rows.size()
            << " more: outreachd api GET /batchItems --paginate --filter state=error --filter batch.id="
            << printable(batch) << '\n';
}

std::string to_json_array(const std::vector<std::string>& texts) {
    std::string list = "[";
    for (const std::string& each : texts)
        list += (list.size() > 1 ? "," : "") + each;
    return list + "]";
}

std::string resource_line(const std::string& body) {
    const auto texts = resource_texts(body);
    return texts.empty() ? "null" : one_line(texts.front());
}

} // namespace outreachd::command_line
