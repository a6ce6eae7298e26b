/// How one thing leads to another: enrolment to mails and tasks, and those to the next step.
///
/// Where Outreach lets an interval pass between two steps, here it has passed at once.
#pragma once

#include "daemon/sandbox/world.hpp"

namespace outreachd::sandbox {

/// Null where it has none.
const record* first_step(const world& in, record_id sequence);

/// Does what the first step is, at which a new sequence state stands (contract 11.9).
void begin_sequence(world& in, record& state, std::optional<record_id> user);

/// To the next step, or the end.
void advance_state(world& in, record& state, std::optional<record_id> user);

/// `finished`, with what else there is to say of it.
void finish_state(world& in, record& state, boost::json::object attributes, std::optional<record_id> user);

/// Done, and the sequence goes on. `completion_action`: `finish_no_reply` and `finish_replied` end the
/// sequence, anything else advances it (contract 11.14).
void complete_task(world& in, record& task, boost::json::object attributes,
                   const std::string& completion_action, std::optional<record_id> user);

/// The mail goes out after a moment.
void schedule_mailing(world& in, record_id mailing);

/// `delivered`, `opened`, `clicked`, `replied` or `bounced`: what a recipient does.
void mail_happened(world& in, record& mailing, const std::string& what);

} // namespace outreachd::sandbox
