/// The files of the dashboard, as they were built into the program (embed_files.cmake), and where they stand.
#pragma once

#include <span>
#include <string_view>

namespace outreachd::admin {

struct dashboard_file {
    std::string_view name; ///< As in `dashboard/`: `index.html`.
    std::string_view bytes;
};

std::span<const dashboard_file> dashboard_files() noexcept;

/// What the page loads stands below it, but for the style sheet.
inline constexpr std::string_view dashboard_folder = "/dashboard/";

/// Whether a path is the dashboard's, whether or not there is a file.
constexpr bool is_dashboard(std::string_view path) noexcept {
    return path == "/" || path == "/dashboard.css" || path.starts_with(dashboard_folder);
}

} // namespace outreachd::admin
