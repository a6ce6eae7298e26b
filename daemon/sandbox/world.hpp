/// The whole simulated Outreach, without its sockets.
#pragma once

#include "daemon/log/logger.hpp"
#include "daemon/sandbox/fault_book.hpp"
#include "daemon/sandbox/rate_limit.hpp"
#include "daemon/sandbox/records.hpp"
#include "daemon/sandbox/tokens.hpp"
#include "daemon/sandbox/webhook_feed.hpp"

#include <deque>
#include <functional>
#include <map>
#include <string>

namespace outreachd::sandbox {

/// An org's installation of the app (contract 7.19).
struct install {
    std::string setup_token; ///< Empty: used up, or there was none.
    wall_time setup_end{};
};

/// A bulk action that goes on (contract section 9).
struct batch_work {
    std::string action;
    std::vector<record_id> ids;
    boost::json::object attributes;
    std::size_t done = 0;
    std::optional<record_id> user;
};

/// A request as it came, for tests and the curious.
struct seen_request {
    std::string method;
    std::string target;
    unsigned status = 0; ///< 0: none was sent.
};

/// All state there is. One thread, that of the server: nothing here is locked.
struct world {
    static constexpr std::size_t requests_max = 10'000;
    static constexpr std::size_t uploads_max = 64;
    static constexpr std::size_t events_max = 10'000; ///< Records of type `event`; the oldest go.

    using scheduler = std::function<void(std::chrono::milliseconds, std::function<void()>)>;

    /// `run_later`: calls back on the same thread after that time.
    world(const options& set, log::logger& to, deliverer& out, scheduler run_later);
    world(const world&) = delete;
    world& operator=(const world&) = delete;

    const options& configured;
    log::logger& log;
    scheduler later;
    records data;
    tokens granted;
    rate_limit limit;
    webhook_feed feed;
    fault_book faults;
    std::map<std::string, install, std::less<>> installs;
    std::map<std::string, std::string, std::less<>> uploads; ///< By storage key; without bytes until PUT.
    std::deque<std::string> upload_order;                    ///< Oldest first.
    std::map<record_id, batch_work> batches;
    std::deque<seen_request> requests;
    std::deque<std::string> invitations; ///< Addresses that were invited to be users.
};

/// The answer to a request, whatever it asks.
response answer(world& in, const request& asked);

} // namespace outreachd::sandbox
