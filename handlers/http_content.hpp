/// What a request of the `http` handler carries.
#pragma once

#include "daemon/event/event.hpp"
#include "daemon/expression/form.hpp"
#include "daemon/settings/settings.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace outreachd::handlers {

struct http_content {
    std::string type;                      ///< Content-Type; may be empty.
    std::optional<std::string> made;       ///< Of our own making.
    const std::string* received = nullptr; ///< The event's bytes.

    /// Nothing: no content. Lives as long as this and the event.
    std::optional<std::string_view> bytes() const noexcept;
};

/// The event's bytes with their type, or the event as a CloudEvent, or what `body` says. GET and DELETE
/// carry something only where `body` or `format: cloudevents` asks for it. Made once; then thread-safe.
class http_content_form {
public:
    /// Adds the body's texts to `texts`.
    http_content_form(const settings::http_handler& configured, expression::form& texts);

    http_content make(const event& subject, const expression::filled& filled) const;

private:
    enum class kind { nothing, received, cloud_event, text, value, json };

    kind kind_;
    std::size_t body_ = 0; ///< Its number in the form.
};

} // namespace outreachd::handlers
