/// Events in a store of the test's own, dead, unrouted and in quarantine, and what the server answers about
/// them.
#pragma once

#include "tests/unit/admin/running_server.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <string>
#include <string_view>

namespace outreachd::admin {

/// The answer's body; the test fails where that isn't JSON.
boost::json::value json_of(std::string_view answer);

/// The texts of one member of a list's elements: `id`.
std::vector<std::string> members_of(const boost::json::value& list, std::string_view member);

/// Where a list says that its search was ended; empty where it doesn't.
std::string search_end_of(std::string_view answer);
/// What a list answers page by page, and what it says of going on is followed: all members of that name. Each
/// answer takes at most `bytes_max`.
std::vector<std::string> members_of_pages(running_server& in, const std::string& target,
                                          std::string_view member, std::size_t bytes_max);

/// A task whose id takes so many bytes.
std::string task_with_long_id(int number, std::size_t id_bytes);

/// An event whose delivery to `handler` is in that state, after one attempt with that reason. Without a
/// handler it is unrouted, or, with a reason, a dead delivery of nobody's. Its place and ids.
struct placed_event {
    store::sequence at = 0;
    std::string id;
    std::string delivery; ///< The first delivery's id.
};

placed_event place(running_server& in, std::string body, const std::string& handler,
                   store::delivery_state state = store::delivery_state::dead,
                   const std::string& reason = "boom");
/// So many events of task 0 and on in an empty store, in few commits.
void place_many(running_server& in, int count, const std::string& handler, store::delivery_state state);
/// The states of an event's deliveries, `crm:dead audit:done`, as the store has them now.
std::string states_of(running_server& in, const placed_event& which);

/// A request in quarantine, once it is there.
void keep_request(running_server& in, std::string body, const std::string& peer = "192.0.2.1");

} // namespace outreachd::admin
