/// What is said of work that goes on at Outreach: how far it is, and what of it failed.
#pragma once

#include "daemon/command_line/outreach_session.hpp"
#include "daemon/outreach/poll_pace.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace outreachd::command_line {

/// One line of a terminal that is written again and again. Elsewhere nothing is written.
class progress_line {
public:
    explicit progress_line(const streams& to) : to_(to) {}

    ~progress_line() { end(); }

    progress_line(const progress_line&) = delete;
    progress_line& operator=(const progress_line&) = delete;

    void show(const std::string& text);
    /// What is written next has a line of its own.
    void end();

private:
    const streams& to_;
    bool is_shown_ = false;
};

/// As `outreach::follow`, with the session's patience and until Ctrl-C.
handlers::outreach::api_answer
follow(outreach_session& session, const handlers::outreach::api_request& look,
       const std::function<bool(const handlers::outreach::api_answer&)>& is_over);

/// The items of batches that failed.
struct failure_list {
    std::vector<std::string> items; ///< Each as one line of JSON.
    /// Where the list couldn't be read to its end, which has been said: the exit code. Else 0.
    int exit_code = 0;
};

/// Asks for those of each batch.
failure_list read_failures(outreach_session& session, const std::vector<std::string>& batches);

/// A table; beyond a thousand how to get the rest.
void show_failures(const failure_list& failures, const std::string& batch, std::ostream& out);

/// `[…,…]`
std::string to_json_array(const std::vector<std::string>& texts);

/// The one resource of an answer as a line of JSON, its digits as they came.
std::string resource_line(const std::string& body);

} // namespace outreachd::command_line
