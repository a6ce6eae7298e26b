/// The event names that are a label of their own: all that Outreach is known to send (contract, section 4).
#pragma once

#include <array>
#include <string_view>

namespace outreachd::metrics {

/// Anyone can send any name, so the label's values are a closed set; the rest counts as `other_event_name`.
inline constexpr std::array known_event_names = std::to_array<std::string_view>({
    "account.created",
    "account.destroyed",
    "account.updated",
    "call.created",
    "call.destroyed",
    "call.updated",
    "emailAddress.created",
    "emailAddress.destroyed",
    "emailAddress.updated",
    "import.created",
    "import.finished",
    "install.created",
    "install.deleted",
    "kaiaRecording.created",
    "mailing.bounced",
    "mailing.created",
    "mailing.delivered",
    "mailing.destroyed",
    "mailing.opened",
    "mailing.replied",
    "mailing.updated",
    "opportunity.created",
    "opportunity.destroyed",
    "opportunity.updated",
    "opportunityProspectRole.created",
    "opportunityProspectRole.destroyed",
    "opportunityProspectRole.updated",
    "prospect.created",
    "prospect.destroyed",
    "prospect.updated",
    "sequence.created",
    "sequence.destroyed",
    "sequence.updated",
    "sequenceState.advanced",
    "sequenceState.created",
    "sequenceState.destroyed",
    "sequenceState.finished",
    "sequenceState.updated",
    "task.completed",
    "task.created",
    "task.destroyed",
    "task.updated",
    "user.created",
    "user.updated",
});

inline constexpr std::string_view other_event_name = "other";

} // namespace outreachd::metrics
