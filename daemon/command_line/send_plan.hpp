/// What `send` is going to send, and where: everything that is decided before the first byte.
#pragma once

#include "daemon/command_line/paced_sender.hpp"
#include "daemon/command_line/send_command.hpp"
#include "daemon/settings/settings.hpp"

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace outreachd::command_line {

/// What was asked for can't be meant; the text says why and what can be typed instead.
class usage_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// One thing to send: a sample, made anew each time, or a file's bytes.
struct send_item {
    std::string name;                ///< Of the event.
    std::optional<std::string> body; ///< Of a file; nothing: a sample.
};

struct send_plan {
    std::vector<send_item> items;
    settings::endpoint endpoint;
    url to;
    trust believed;
    pace how;
};

/// Throws usage_error for what can't be meant, std::runtime_error for a file that can't be read.
send_plan plan_send(const settings::settings& configured, const send_options& options);

/// The events that `words` name, in their order: names, globs over the known names, `all`, and files
/// (a word that holds `/` or ends in `.json`). Throws as above.
std::vector<send_item> resolve_items(const std::vector<std::string>& words);

/// The one with the path `wanted`; where that is empty, the only one. Throws usage_error where it isn't
/// clear.
settings::endpoint choose_endpoint(const std::vector<settings::endpoint>& configured,
                                   const std::string& wanted);

/// `50` or `50/s`; throws usage_error.
double parse_rate(const std::string& text);

} // namespace outreachd::command_line
