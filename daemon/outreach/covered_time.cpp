#include "daemon/outreach/covered_time.hpp"

#include "daemon/store/replace_file.hpp"

#include <string_view>

namespace outreachd::outreach {

namespace {

constexpr std::size_t bytes_max = 64;
constexpr std::string_view held_word = " held";

} // namespace

covered_time::covered_time(const std::string& directory) : path_(directory + "/outreach-heartbeat") {}

covered_time::reading covered_time::last() const {
    store::whole_text read = store::read_whole(path_, bytes_max);
    if (!read.problem.empty() || !read.is_there)
        return {std::nullopt, false, read.problem};
    if (read.text.ends_with('\n'))
        read.text.pop_back();
    const bool is_held = read.text.ends_with(held_word);
    if (is_held)
        read.text.resize(read.text.size() - held_word.size());
    const auto time = parse_timestamp(read.text);
    return {time, is_held, time ? std::string{} : "'" + path_ + "' holds no time"};
}

std::string covered_time::mark(wall_time up_to, bool is_held) {
    std::string text = to_rfc3339(up_to);
    text += is_held ? held_word : std::string_view{};
    return store::replace_file(path_, text + '\n', store::endurance::power_cut);
}

} // namespace outreachd::outreach
