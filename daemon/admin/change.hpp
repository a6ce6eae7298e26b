/// Changes that people ask of the store, waited for.
#pragma once

#include "daemon/admin/message.hpp"
#include "daemon/store/store.hpp"

#include <cstdint>
#include <functional>
#include <optional>

namespace outreachd::admin {

/// Begins a change and waits until it is committed, for 4 s at most: how many deliveries were changed, or
/// nothing where the disk takes longer; it is then made once that is possible. On the reader thread.
std::optional<std::uint64_t> wait_for_change(const std::function<void(store::change_done done)>& begin);

/// The answer where it takes longer.
response change_is_late();

} // namespace outreachd::admin
