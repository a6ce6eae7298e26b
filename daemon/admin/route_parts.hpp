/// What the API's routes are made of.
#pragma once

#include "daemon/admin/event_query.hpp"
#include "daemon/admin/message.hpp"
#include "daemon/admin/reader_thread.hpp"
#include "daemon/admin/services.hpp"

#include <string_view>
#include <variant>

namespace outreachd::admin {

/// An answer, or the read of the store that makes it.
using answer = std::variant<response, read_job>;

/// The answer where the store gave an error instead of a record. `what` isn't there, with `not_found`.
response store_error(error_code ec, std::string_view what);

/// A list that isn't whole, as the search was ended behind that; how to go on is the caller's `before`.
void note_search_end(response& listed, const event_id& last, wall_time received_at);

/// `/api/events` and all below it; `rest` is what follows that, without the slash. The services outlive the
/// reads.
answer event_route(const request& asked, std::string_view rest, const services& of);
/// `/api/dead` and all below it.
answer dead_route(const request& asked, std::string_view rest, const services& of);
/// `/api/quarantine` and all below it.
answer quarantine_route(const request& asked, std::string_view rest, const services& of);
/// `/api/backfill`.
answer backfill_route(const request& asked, std::string_view rest, const services& of);

/// The dashboard's page and what it loads (`is_dashboard`). None of it holds data.
response dashboard_route(const request& asked);

/// The refusal of another method, where the path is only read, or of anything but a POST of JSON, where it
/// changes something: a page of another origin can send neither without being asked first.
std::optional<response> refuse_unless_read(const request& asked);
std::optional<response> refuse_unless_post(const request& asked);
/// Nothing may narrow what is one already: whoever thinks so means something else.
std::optional<response> refuse_parameters(const request& asked);

} // namespace outreachd::admin
