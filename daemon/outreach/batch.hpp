/// Bulk actions of Outreach and the batches they become (contract 9).
#pragma once

#include "handlers/outreach/api_answer.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace outreachd::outreach {

/// As far as Outreach says: everything but `id` may be missing.
struct batch {
    std::string id{};
    std::string action{};
    std::string state{};
    std::uint64_t total = 0;
    std::uint64_t pending = 0;
    std::uint64_t failures = 0;
    std::optional<std::uint64_t> confirm_count{}; ///< Records that the action is about.
    std::string summary{};                        ///< What went wrong, in Outreach's words.

    bool awaits_confirmation() const { return state == "confirming"; }

    bool has_ended() const;

    /// A batch that is `finished` can have failures all the same.
    bool is_clean() const { return state == "finished" && failures == 0; }

    friend bool operator==(const batch&, const batch&) = default;
};

/// Nothing where `body` is no answer with a batch.
std::optional<batch> read_batch(std::string_view body);

/// Whether a name can stand in the path of a bulk action.
bool is_action_name(std::string_view name);

/// Whether the request is a bulk action without a filter and without ids: it would touch every record there
/// is.
bool is_unfiltered_bulk(const handlers::outreach::api_request& request);

/// `data` may be the action's attributes alone, or a whole document with `data`. Nothing where it is neither.
std::optional<std::string> bulk_document(std::string_view data);

handlers::outreach::api_request batch_request(const std::string& id);
/// With the count, which is required of some batches and does no harm to others.
handlers::outreach::api_request confirm_request(const batch& started);
handlers::outreach::api_request cancel_request(const std::string& id);
/// The list of what failed.
handlers::outreach::api_request failures_request(const std::string& id);

/// What is worth knowing of an item that failed.
struct failed_item {
    std::string subject{}; ///< What it was about: `{"id":17}`.
    std::string reason{};
};

/// `item`: one resource's text.
failed_item read_failed_item(std::string_view item);

} // namespace outreachd::outreach
