/// Changes that people ask of the store, waited for.
#pragma once

#include "daemon/admin/message.hpp"
#include "daemon/store/store.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace outreachd::admin {

/// What the disk is given to commit what people ask for.
inline constexpr std::chrono::seconds change_wait{4};

/// Asks the store for one change, and hands `done` on.
using change_request = std::function<void(store::change_done done)>;

/// Begins all of the changes and waits until they are committed, for `change_wait` in all: how many
/// deliveries were changed, or nothing where the disk takes longer; they are then made once that is possible.
/// On the reader thread.
std::optional<std::uint64_t> wait_for_changes(const std::vector<change_request>& all);

/// The answer where it takes longer.
response change_is_late();

} // namespace outreachd::admin
