#include "daemon/outreach/covered_time.hpp"

#include "daemon/store/replace_file.hpp"

namespace outreachd::outreach {

namespace {

constexpr std::size_t bytes_max = 64;

} // namespace

covered_time::covered_time(const std::string& directory) : path_(directory + "/outreach-heartbeat") {}

covered_time::reading covered_time::last() const {
    store::whole_text read = store::read_whole(path_, bytes_max);
    if (!read.problem.empty() || !read.is_there)
        return {std::nullopt, read.problem};
    if (read.text.ends_with('\n'))
        read.text.pop_back();
    const auto time = parse_timestamp(read.text);
    return {time, time ? std::string{} : "'" + path_ + "' holds no time"};
}

std::string covered_time::mark(wall_time up_to) {
    return store::replace_file(path_, to_rfc3339(up_to) + "\n", store::endurance::power_cut);
}

} // namespace outreachd::outreach
