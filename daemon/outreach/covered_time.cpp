#include "daemon/outreach/covered_time.hpp"

#include "daemon/store/replace_file.hpp"

namespace outreachd::outreach {

namespace {

constexpr std::size_t bytes_max = 64;

} // namespace

covered_time::covered_time(const std::string& directory) : path_(directory + "/outreach-heartbeat") {}

std::optional<wall_time> covered_time::last() const {
    std::string text = store::read_whole(path_, bytes_max).text;
    if (text.ends_with('\n'))
        text.pop_back();
    return parse_timestamp(text);
}

std::string covered_time::mark(wall_time up_to) {
    return store::replace_file(path_, to_rfc3339(up_to) + "\n", store::endurance::power_cut);
}

} // namespace outreachd::outreach
