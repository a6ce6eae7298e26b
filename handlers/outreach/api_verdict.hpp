/// What an answer of Outreach means, pure.
#pragma once

#include "handlers/http_transport.hpp"
#include "handlers/outreach/api_answer.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace outreachd::handlers::outreach {

/// `what` begins the problem: `POST https://host/path`. A 429 is `later` without a time, which the limiter
/// knows; so is a 503 that announces a maintenance.
api_answer judge_api_answer(http_answer answer, const api_request& request, const std::string& what);

/// How long a 503 asks everybody to wait: `Retry-After`, or a minute where it says that it is a maintenance.
/// A time that has passed counts as none. Nothing: it is an error like others.
std::optional<std::chrono::milliseconds> maintenance_wait(const http_answer& answer, wall_time now);

} // namespace outreachd::handlers::outreach
