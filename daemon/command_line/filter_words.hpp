/// `--filter` as it is typed.
#pragma once

#include "handlers/outreach/query.hpp"

#include <span>
#include <string>

namespace outreachd::command_line {

/// Whose filters they are.
enum class filter_use {
    list, ///< Of a GET, in the old syntax: `,` and `..` are Outreach's own, in every value.
    bulk, ///< Of a bulk action, in the modern syntax: taken literally but where nothing else can be meant,
          ///< since a filter that is understood wrong changes other records.
};

/// Puts `K=V` words into `to`: `id=1,2`, `updatedAt=A..B` (either end may be missing), `owner.id=5`, or a
/// whole `filter[...]=V`. The same K again means any of the values. Empty, or why they can't be understood;
/// then `to` is of no use.
std::string add_filters(handlers::outreach::query& to, filter_use use, std::span<const std::string> words);

} // namespace outreachd::command_line
