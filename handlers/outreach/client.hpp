/// Requests to the Outreach REST API (contract 6 to 8).
#pragma once

#include "handlers/outreach/access.hpp"
#include "handlers/outreach/api_answer.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace outreachd::handlers::outreach {

/// What others have to do with requests. Called by the sending threads.
struct client_hooks {
    /// Of each that was sent. Status 0: no answer. `remaining`: of the hourly limit, as far as it is known.
    std::function<void(int status, std::optional<std::uint64_t> remaining)> on_request{};
    /// How `send_patiently` waits until `said.until`; false: it is to wait no more. Nothing: it sleeps.
    std::function<bool(const api_answer& said)> wait{};
};

/// Adds the media type and the token, keeps to the hourly limit, and says in one of few ways what came of it.
/// A token that was refused is renewed, once, unless Outreach takes it for another request. Doesn't throw but
/// for want of memory. Thread-safe.
///
///     const api_answer task = outreach.send(get("/tasks/5"), deadline);
///     if (task.is_success())
///         … read_json(task.body) …
class client {
public:
    /// `shared` outlives it.
    client(access& shared, caller who, client_hooks hooks = {});

    /// Blocks up to `deadline`, or 20 s longer where a token has to be fetched. Waits for no limit: that is
    /// `later`.
    api_answer send(const api_request& request, steady_time deadline);

    /// The same for somebody who has the time: waits for what is `later`, as often as it has to, unless that
    /// is after `deadline`. Each request has a minute of it.
    api_answer send_patiently(const api_request& request, steady_time deadline);

private:
    struct destination;

    destination find_destination(const api_request& request, const std::string& api_base) const;
    api_answer send_once(const api_request& request, const token_reply& by, steady_time deadline);
    api_answer send_again(const api_request& request, const token_reply& by, api_answer said,
                          steady_time deadline);
    bool is_still_the_token(const token_reply& by, steady_time deadline) const;
    api_answer its_own_fault(api_answer said) const;

    access& shared_;
    const caller who_;
    const client_hooks hooks_;
};

} // namespace outreachd::handlers::outreach
