/// An event as an AMQP message, and the way back.
#pragma once

#include "daemon/amqp_connection/message.hpp"
#include "daemon/event/event.hpp"

namespace outreachd::amqp_connection {

// Headers of our own, beside `cloudEvents_*` and `traceparent`.
inline constexpr const char* endpoint_header = "outreachd_endpoint"; ///< The path it was received on.
inline constexpr const char* original_type_header = "outreachd_original_type";
inline constexpr const char* original_content_type_header = "outreachd_original_content_type";
inline constexpr const char* delivery_id_header = "outreachd_delivery_id"; ///< Given by handlers only.

/// What stands in `type` or `content_type` where the event's own can't: over 255 bytes, or not UTF-8. The
/// original is in its header then.
inline constexpr const char* replaced_text = "unknown";

/// Of all headers together, in AMQP's encoding; the largest `Outreach-*` ones are left out above it.
inline constexpr std::size_t header_bytes_max = 64 * 1024;

/// The properties of deploy/rabbitmq.md and the body's exact bytes. `traceparent` has a new span each time.
/// The cleanup token is never part of it, nor is a header whose name is over 255 bytes. Any thread.
message to_message(const event& subject);

/// Any message is an event: one of ours, whole but for the cleanup token and what `to_message` left out; or
/// another program's, whose name and ids are read from its body as from a webhook's. Gives the same for the
/// same message each time, but for an id that has to be made from nothing.
///
/// `id` is the message id where that is a UUID; where it is another text, one made from it, the app id and
/// the body; without one a new one. `received_at` is `cloudEvents_time`, or the timestamp, or `now`. `source`
/// is `cloudEvents_source`, or the app id, or `amqp`; `endpoint` is empty where no header names it. What
/// holds a control character counts as not given. Any thread.
event to_event(delivered from, wall_time now);

} // namespace outreachd::amqp_connection
