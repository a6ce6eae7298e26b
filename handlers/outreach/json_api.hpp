/// What is the same in every answer of the Outreach REST API: JSON:API documents (contract 6).
#pragma once

#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::handlers::outreach {

/// Goes with every request, one without a body too (contract 6.2).
inline constexpr std::string_view media_type = "application/vnd.api+json";

/// One object of `errors`. Every part may be empty; texts are shortened and fit for a terminal.
struct api_error {
    std::string id; ///< `validationError`
    std::string title;
    std::string detail;
    std::string pointer; ///< `/data/attributes/name`
    friend bool operator==(const api_error&, const api_error&) = default;
};

/// At most 20. Empty where `body` holds none, or is no JSON.
std::vector<api_error> read_errors(std::string_view body);

/// Whether a token endpoint itself speaks, in OAuth's form (RFC 6749, 5.2) or in that of `read_errors`: a
/// proxy's or a firewall's page refuses the request of just now, and no token.
bool is_endpoints_word(std::string_view body);

/// What failed, on one line: `422 validationError: Validation Error: Name can't be blank
/// (/data/attributes/name)`. Without errors the first words of a body that is plain text: `429: Retry later`.
std::string describe_failure(int status, std::string_view content_type, std::string_view body);

/// The text without what disturbs a terminal, on one line, cut after `bytes_max`.
std::string presentable(std::string_view text, std::size_t bytes_max = 256);

/// Nothing where `body` isn't one JSON value, nested at most 512 levels deep. Numbers beyond 64 bits become
/// floating point ones: who needs their digits takes them from the text.
std::optional<boost::json::value> read_json(std::string_view body);

/// The value at a path of member names; null where there is none.
const boost::json::value* find_member(const boost::json::value& in,
                                      std::initializer_list<std::string_view> path);

/// The value as text, whatever it is: a string's own, else its JSON; empty where it is null or there is none.
std::string text_of(const boost::json::value* value);

/// What `find_member` finds, where it is a string; empty where it isn't.
std::string_view find_text(const boost::json::value& in, std::initializer_list<std::string_view> path);

/// `links.next`: the URL of the following page. Empty: this is the last one (contract 6.16).
std::string next_page(const boost::json::value& document);

/// How many there are, as far as Outreach says (contract 6.19, 6.20).
struct total_count {
    enum class kind {
        exact,
        at_least,
        unknown, ///< Not asked for, or Outreach was too busy to count.
    };

    kind precision = kind::unknown;
    std::uint64_t value = 0;

    /// Whether it is known that there is none.
    bool is_none() const noexcept { return precision == kind::exact && value == 0; }

    friend bool operator==(const total_count&, const total_count&) = default;
};

total_count read_count(const boost::json::value& document);

/// The id of a resource object or identifier, whether it is a number or a string; empty where it has none.
std::string resource_id(const boost::json::value& resource);

/// The object of `included` with this type and id; null where there is none.
const boost::json::value* find_included(const boost::json::value& document, std::string_view type,
                                        std::string_view id);

/// The included object that a to-one relationship of `resource` leads to; null where there is none.
const boost::json::value* find_related(const boost::json::value& document, const boost::json::value& resource,
                                       std::string_view relationship);

/// The elements of `data`, or `data` itself where it is one resource, as the exact text that came: digits
/// and the order of keys are kept. They point into `body`. Empty where it isn't JSON or has no `data`.
std::vector<std::string_view> resource_texts(std::string_view body);

/// The digits of `data.id`, or its text; also where they are more than a number holds.
std::string exact_resource_id(std::string_view body);

} // namespace outreachd::handlers::outreach
