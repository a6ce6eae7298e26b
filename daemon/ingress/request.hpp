/// Decisions on a request's head, and what of it is kept. Pure.
#pragma once

#include "daemon/event/event.hpp"
#include "daemon/ingress/endpoint_table.hpp"
#include "daemon/ingress/framing.hpp"
#include "daemon/ingress/response.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace outreachd::ingress {

/// The target without its query string.
std::string_view path_of(std::string_view target) noexcept;

/// Why a request is refused by its head alone, in the order of judgement: path, method, announced
/// size. Nothing where its body is wanted. `at` is null for an unknown path.
std::optional<request_outcome> judge_head(const request_head& head, const endpoint* at,
                                          std::uint64_t body_bytes_max) noexcept;

/// What is kept of a request to `at`: its `Outreach-*` headers (contract 1.22 to 1.26), the
/// signatures and the cleanup token apart. `body` and `received_at` are left to the caller.
received_request make_request(const request_head& head, const endpoint& at, std::string_view peer);

/// True where Beast's parser, which nobody here else uses, reads the same framing from the head's
/// bytes: a second opinion on what the gate let pass.
bool second_opinion_agrees(std::string_view head_bytes, const request_head& head);

} // namespace outreachd::ingress
