/// Which request gets which answer.
#pragma once

#include "daemon/admin/authorization.hpp"
#include "daemon/admin/message.hpp"
#include "daemon/admin/route_parts.hpp"
#include "daemon/admin/services.hpp"

namespace outreachd::admin {

/// The admin server's paths. Doesn't block; admin thread. Outlives the reads that it gives.
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
