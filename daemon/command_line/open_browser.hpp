/// The browser of whoever sits at this machine.
#pragma once

#include <string>

namespace outreachd::command_line {

/// Whether one is on its way to `url`: there is a desktop, and its `xdg-open` could be started. Doesn't
/// block.
bool open_browser(const std::string& url);

} // namespace outreachd::command_line
