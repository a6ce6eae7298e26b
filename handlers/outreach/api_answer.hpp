/// A request to the Outreach REST API, and what came of it.
#pragma once

#include "daemon/event/event.hpp"
#include "handlers/outreach/json_api.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::handlers::outreach {

struct api_request {
    std::string method = "GET";
    /// A path below `outreach.base_url`, with its query: `/tasks?page[size]=100`. Empty is that URL itself,
    /// which says whose token it is. Or a whole URL at the API's own origin, as `links.next` has it.
    std::string target{};
    std::optional<std::string> body{}; ///< JSON. Nothing: no content.
    /// Instead of ours of those names. `Authorization` is always ours.
    std::vector<header> headers{};

    /// Whether a second one does no harm, whatever became of the first.
    bool is_reading() const noexcept { return method == "GET" || method == "HEAD"; }
};

struct api_answer {
    enum class kind {
        answered,    ///< By Outreach, whole: `status` counts.
        later,       ///< Not done: not before `until` (the hourly limit, a maintenance, one token a minute).
        lost,        ///< It may have been done: its answer never came, can't be read, or is a gateway's, or a
                     ///< server's that failed without a word. It doesn't only read, so that a repeat could do
                     ///< it twice. `status` is that answer's, where there is one.
        unreachable, ///< No answer, and a repeat does no harm: nothing was sent, or it only reads.
        needs_login, ///< Not done, and no waiting helps: somebody has to do what `problem` says. There is no
                     ///< token, or Outreach answers 401 to a new one, too.
        refused,     ///< Not sent, and never will be: the request itself makes no sense.
    };

    kind what = kind::refused;
    int status = 0;                ///< 0: no answer.
    std::vector<header> headers{}; ///< Names in lower case.
    std::string body{};            ///< Whole and JSON, or empty, where `is_success`; else what came of it.
    std::vector<api_error> errors{};
    /// What failed, on what, why, on one line and without a token: `POST https://…/tasks answered 422
    /// validationError: …`. Empty where `is_success`.
    std::string problem{};
    wall_time until{}; ///< For `later`.

    /// 2xx, and the whole answer is here.
    bool is_success() const noexcept { return what == kind::answered && problem.empty(); }

    /// The value of the first header of that name, in lower case; empty where there is none.
    std::string_view field(std::string_view name) const noexcept;
};

inline api_request get(std::string target) {
    return {.method = "GET", .target = std::move(target)};
}

inline api_request post(std::string target, std::optional<std::string> body = std::nullopt) {
    return {.method = "POST", .target = std::move(target), .body = std::move(body)};
}

inline api_request patch(std::string target, std::string body) {
    return {.method = "PATCH", .target = std::move(target), .body = std::move(body)};
}

inline api_request put(std::string target, std::string body) {
    return {.method = "PUT", .target = std::move(target), .body = std::move(body)};
}

inline api_request remove(std::string target) {
    return {.method = "DELETE", .target = std::move(target)};
}

} // namespace outreachd::handlers::outreach
