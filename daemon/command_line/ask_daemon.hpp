/// Asks the running daemon by its admin API.
#pragma once

#include "daemon/command_line/streams.hpp"

#include <boost/json/value.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace outreachd::command_line {

struct question {
    std::string config_path;
    std::string target;   ///< Path and query, such as `/api/status`.
    bool is_json = false; ///< Show the answer as it is.
    enum class method { get, post } how = method::get;
    bool is_for_list = false;      ///< Else the answer is an object.
    std::string_view always_has{}; ///< A member of that object; empty: any.
};

/// Asks for `what.target` of the daemon that the `admin:` part of the configuration names, and shows the
/// answer: as it came, or by `show`. Where there is no good answer, or one that isn't the daemon's by its
/// shape, writes a plain sentence to `to.err`. Returns the exit code: configuration, unavailable (nothing
/// answers) or failed (the daemon refused). Blocks for some seconds at most. `show` gets each answer parsed;
/// with `is_json` that is never called.
int ask_daemon(const question& what, const streams& to,
               const std::function<void(const boost::json::value& answer)>& show);

/// The same for a list that is searched for. Where the daemon ended the search early, so that the list isn't
/// whole, says so behind it, and how to go on; with `is_json` to `to.err`. `what` needn't say that it is one.
int ask_for_list(question what, const streams& to,
                 const std::function<void(const boost::json::value& answer, bool is_whole)>& show);

/// How a change ended that is made in pieces.
struct pieces_end {
    int exit_code = 0;
    std::string
        cursor{}; ///< Where it was cut off, behind the last piece that was answered. Empty: it is done.
};

/// POSTs `target`, a change that is made in pieces, until an answer has no `cursor` any more, or Ctrl-C
/// comes. `add` gets each answer, and says how far it is, which a terminal shows meanwhile. `cursor`: where
/// one that was cut off goes on. As `ask_daemon` for the rest.
pieces_end change_in_pieces(const std::string& config_path, const std::string& target, const streams& to,
                            const std::function<std::string(const boost::json::value& answer)>& add,
                            std::string cursor = {});

/// For a filter that found nothing: says on `to.err` that the running daemon knows no handler of that name,
/// where that is so, and which one may be meant. It knows those that are configured, and those that something
/// is left of.
void explain_unknown_handler(const std::string& config_path, const std::string& handler, const streams& to);

} // namespace outreachd::command_line
