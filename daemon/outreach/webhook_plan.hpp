/// What has to change so that Outreach has the webhooks that the configuration wants.
#pragma once

#include "daemon/outreach/webhook_ownership.hpp"

#include <string>
#include <vector>

namespace outreachd::outreach {

enum class change_kind { create, update, remove };

struct webhook_change {
    change_kind kind = change_kind::create;
    std::string id;               ///< Of the one that is there; empty with `create`.
    wanted_webhook wanted;        ///< With `remove`: what it is, in the same words.
    std::vector<std::string> why; ///< In words: `payload version 1, should be 2`.
};

struct webhook_plan {
    std::vector<webhook_change> changes;
    std::vector<std::string> remarks; ///< What is odd, and is left alone.

    bool is_empty() const noexcept { return changes.empty(); }
};

/// Of several webhooks of ours for one event the oldest stays. What it signs with is compared with the
/// fingerprint from when it was last told, or with what Outreach shows. Pure.
webhook_plan make_plan(const std::vector<webhook>& existing, const settings::webhooks& configured,
                       const ownership& whose);

/// `+ create task.completed -> https://…`, a line for each change, and what follows from it; for a terminal.
std::string to_text(const webhook_plan& plan);

/// By which a webhook's secret is known again without being kept.
std::string secret_print(const secret& signing);

} // namespace outreachd::outreach
