/// The way into quarantine, and the way out of it.
#pragma once

#include "daemon/ingress/endpoint_table.hpp"
#include "daemon/ingress/quarantine_sink.hpp"
#include "daemon/log/logger.hpp"
#include "daemon/settings/settings.hpp"
#include "daemon/store/quarantine.hpp"
#include "daemon/store/store.hpp"

#include <memory>
#include <vector>

namespace outreachd {

/// Keeps each request within its endpoint's `quarantine`.
ingress::quarantine_sink quarantine_of(const std::vector<settings::endpoint>& endpoints,
                                       store::quarantine& keeper);

/// Verifies every kept request with the secrets of now; those that hold become events. Runs on the
/// quarantine's thread; returns at once.
void hear_again(store::quarantine& keeper, std::shared_ptr<const ingress::endpoint_table> endpoints,
                store::store& events, log::logger& log);

} // namespace outreachd
