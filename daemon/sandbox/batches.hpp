/// Bulk actions (contract section 9).
#pragma once

#include "daemon/sandbox/query.hpp"
#include "daemon/sandbox/world.hpp"

namespace outreachd::sandbox {

/// At most that many records; else the batch fails at once (contract 8.7).
inline constexpr std::size_t batch_items_max = 100'000;

/// The type whose write scope `name` needs; null where there is no such action.
const resource_type* target_of(std::string_view name);

/// `POST /batches/actions/NAME`. Throws refusal, 404 or 422.
record& start_batch(world& in, const std::string& name, const std::vector<parameter>& query,
                    std::string_view body, std::optional<record_id> user);

/// Throws refusal, 422, where it waits for no confirmation, or the count is wrong.
void confirm_batch(world& in, record& batch, const std::string& count);
/// Throws refusal, 422, where it has ended.
void cancel_batch(world& in, record& batch);

} // namespace outreachd::sandbox
