#include "handlers/outreach/limit_file.hpp"

#include "daemon/store/replace_file.hpp"
#include "daemon/text/json_members.hpp"
#include "handlers/outreach/json_api.hpp"

namespace outreachd::handlers::outreach {

namespace {

constexpr std::size_t file_bytes_max = 4096;

std::optional<std::uint64_t> read_count(const boost::json::value& from, std::string_view name) {
    const auto* const found = find_member(from, {name});
    if (found == nullptr || !found->is_number())
        return std::nullopt;
    boost::system::error_code ec;
    const auto value = found->to_number<std::uint64_t>(ec);
    return ec ? std::nullopt : std::optional{value};
}

wall_time read_time(const boost::json::value& from, std::string_view name) {
    return parse_timestamp(find_text(from, {name})).value_or(wall_time{});
}

} // namespace

limit_facts read_limit_file(const std::string& path, const std::string& account) {
    const auto document = read_json(store::read_whole(path, file_bytes_max).text);
    if (!document || find_text(*document, {"account"}) != account)
        return {};
    return {.limit = read_count(*document, "limit"),
            .remaining = read_count(*document, "remaining"),
            .reset_at = read_time(*document, "reset_at"),
            .held_until = read_time(*document, "held_until")};
}

void write_limit_file(const std::string& path, const std::string& account, const limit_facts& known) {
    json_members file;
    file.text("account", account);
    if (known.limit)
        file.raw("limit", std::to_string(*known.limit));
    if (known.remaining)
        file.raw("remaining", std::to_string(*known.remaining));
    file.text("reset_at", to_rfc3339(known.reset_at));
    file.text("held_until", to_rfc3339(known.held_until));
    static_cast<void>(
        store::replace_file(path, std::move(file).finish() + "\n", store::endurance::process_end));
}

} // namespace outreachd::handlers::outreach
