/// Requests that touch many records at once (contract 9.1).
#pragma once

#include <string_view>

namespace outreachd::settings {

/// Whether a request's target, a path with its query or a whole URL, is `.../batches/actions/NAME`, as a
/// server reads it: several slashes are one, and `%61` is an `a`. Pure.
bool is_bulk_action(std::string_view target);

} // namespace outreachd::settings
