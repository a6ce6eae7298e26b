/// What a create and an update mean for each kind of record, beyond what is written.
#pragma once

#include "daemon/sandbox/world.hpp"
#include "daemon/sandbox/written_document.hpp"

namespace outreachd::sandbox {

/// Throws refusal, 422, before anything has changed.
record& create_record(world& in, const resource_type& type, written_document written,
                      std::optional<record_id> user);
/// The same.
void update_record(world& in, record& subject, written_document written, std::optional<record_id> user);

} // namespace outreachd::sandbox
