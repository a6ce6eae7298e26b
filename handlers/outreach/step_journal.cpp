#include "handlers/outreach/step_journal.hpp"

#include "handlers/outreach/json_text.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <string_view>

namespace outreachd::handlers::outreach {

namespace {

// A record is a kind, a blank, the step's number, a blank, its fingerprint, a line break, and JSON as it
// came. Without a fingerprint, and the blank in front of it, an older version wrote it.
constexpr const char* step_done = "done";
constexpr const char* list_begun = "list";
constexpr const char* element_done = "element";

const char* const nonsense = "what is kept of the steps that are done makes no sense";

} // namespace

step_journal::step_journal(progress* kept, std::span<const std::string> fingerprints)
    : kept_(kept), fingerprints_(fingerprints) {
    if (kept_ != nullptr)
        for (const std::string& one : kept_->results())
            take(one);
}

void step_journal::take(const std::string& record) {
    const auto blank = record.find(' ');
    const auto line = record.find('\n');
    std::size_t step = 0;
    if (blank == std::string::npos || line == std::string::npos || blank > line)
        throw std::runtime_error(nonsense);
    const char* const end = record.data() + line;
    const auto [rest, failure] = std::from_chars(record.data() + blank + 1, end, step);
    if (failure != std::errc{} || (rest != end && *rest != ' '))
        throw std::runtime_error(nonsense);
    const bool is_another =
        rest != end && step < fingerprints_.size() && fingerprints_[step] != std::string_view{rest + 1, end};
    if (is_another)
        changed_ = std::min(step, changed_.value_or(step));
    const std::string kind = record.substr(0, blank);
    std::string json = record.substr(line + 1);
    if (kind == step_done) {
        done_.insert_or_assign(step, std::move(json));
    } else if (kind == element_done) {
        lists_[step].results.push_back(std::move(json));
    } else {
        const auto elements = element_texts(json);
        lists_[step].elements.assign(elements.begin(), elements.end());
    }
}

void step_journal::record(const char* kind, std::size_t step, const std::string& json) {
    if (kept_ != nullptr)
        kept_->record(std::string{kind} + ' ' + std::to_string(step) + ' ' + fingerprints_[step] + '\n' +
                      json);
}

const std::string* step_journal::result(std::size_t step) const {
    const auto found = done_.find(step);
    return found == done_.end() ? nullptr : &found->second;
}

void step_journal::finish(std::size_t step, std::string result) {
    record(step_done, step, result);
    done_.insert_or_assign(step, std::move(result));
}

const std::vector<std::string>* step_journal::list(std::size_t step) const {
    const auto found = lists_.find(step);
    return found == lists_.end() ? nullptr : &found->second.elements;
}

void step_journal::begin_list(std::size_t step, std::vector<std::string> elements) {
    record(list_begun, step, join_results(elements));
    lists_[step].elements = std::move(elements);
}

const std::vector<std::string>& step_journal::element_results(std::size_t step) {
    return lists_[step].results;
}

void step_journal::finish_element(std::size_t step, std::string result) {
    record(element_done, step, result);
    lists_[step].results.push_back(std::move(result));
}

std::string join_results(const std::vector<std::string>& results) {
    std::string joined = "[";
    for (const std::string& one : results)
        joined.append(joined.size() > 1 ? "," : "").append(one);
    return joined + "]";
}

} // namespace outreachd::handlers::outreach
