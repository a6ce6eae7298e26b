/// `/` and what the page there loads: the dashboard.
#include "daemon/admin/dashboard_files.hpp"
#include "daemon/admin/route_parts.hpp"

#include <algorithm>
#include <array>

namespace outreachd::admin {

namespace {

/// The page runs what this server sends and nothing else, talks to it alone, and sits in nobody's frame. It
/// makes its elements one by one: what would read markup out of a text is refused by the browser itself.
constexpr std::string_view content_security_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

struct ending {
    std::string_view text;
    std::string_view type;
};

constexpr std::array endings = std::to_array<ending>({
    {".html", "text/html; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".svg", "image/svg+xml"},
});

/// Empty where the path is none of the dashboard's.
std::string_view file_name(std::string_view path) noexcept {
    if (path == "/")
        return "index.html";
    if (path == "/dashboard.css")
        return "dashboard.css";
    const bool is_below =
        path.starts_with(dashboard_folder) && (path.ends_with(".js") || path.ends_with(".svg"));
    return is_below ? path.substr(dashboard_folder.size()) : std::string_view{};
}

} // namespace

response dashboard_route(const request& asked) {
    const auto files = dashboard_files();
    const auto found = std::ranges::find(files, file_name(asked.path()), &dashboard_file::name);
    if (found == files.end())
        return error_answer(404, "there is nothing at " + std::string{asked.path()});
    if (auto refused = refuse_unless_read(asked))
        return *refused;
    const auto* const type =
        std::ranges::find_if(endings, [&](const ending& each) { return found->name.ends_with(each.text); });
    response page{200, std::string{type->type}, std::string{found->bytes}, {}};
    // The next version's page goes with the next version's API: a browser asks each time.
    page.cache_control = "no-cache";
    page.headers = {{"Content-Security-Policy", std::string{content_security_policy}},
                    {"Referrer-Policy", "no-referrer"},
                    {"Cross-Origin-Opener-Policy", "same-origin"},
                    {"Cross-Origin-Resource-Policy", "same-origin"}};
    return page;
}

} // namespace outreachd::admin
