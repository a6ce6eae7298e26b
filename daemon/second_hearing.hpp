/// The way into quarantine, and the way out of it.
#pragma once

#include "daemon/ingress/endpoint_table.hpp"
#include "daemon/ingress/quarantine_sink.hpp"
#include "daemon/log/logger.hpp"
#include "daemon/store/quarantine.hpp"
#include "daemon/store/store.hpp"
#include "daemon/thread/replaceable.hpp"

#include <functional>
#include <memory>

namespace outreachd {

/// The endpoints in force.
using endpoints_in_force = replaceable<ingress::endpoint_table>;

/// Keeps each request within its endpoint's `quarantine`. Both outlive the sink.
ingress::quarantine_sink quarantine_of(const endpoints_in_force& endpoints, store::quarantine& keeper);

/// Verifies every kept request with the secrets that are in force when its turn comes; those that hold become
/// events. Runs on the quarantine's thread; returns at once. `heard` is called after that, where no other
/// hearing takes its place. `once_more_after`: as for `recheck`. What is referred to outlives `keeper`'s
/// thread.
void hear_again(store::quarantine& keeper, const endpoints_in_force& endpoints, store::store& events,
                log::logger& log, std::function<void(bool are_all_heard)> heard = {},
                std::chrono::milliseconds once_more_after = {});

} // namespace outreachd
