/// Which request gets which answer.
#pragma once

#include "daemon/admin/authorization.hpp"
#include "daemon/admin/message.hpp"
#include "daemon/admin/reader_thread.hpp"
#include "daemon/admin/services.hpp"

#include <variant>

namespace outreachd::admin {

/// An answer, or the read of the store that makes it.
using answer = std::variant<response, read_job>;

/// The admin server's paths. Doesn't block; admin thread.
class routes {
public:
    routes(services asked, authorization checked);

    answer route(const request& asked) const;

private:
    response livez() const;
    response readyz(const request& asked) const;
    response metrics_text() const;
    response status_now() const;

    services services_;
    authorization authorization_;
};

} // namespace outreachd::admin
