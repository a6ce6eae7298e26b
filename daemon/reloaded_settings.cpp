#include "daemon/reloaded_settings.hpp"

#include <utility>

namespace outreachd {

void keep_for_roles(const settings::settings& running, settings::settings& read) {
    if (running.roles.receives && !read.roles.receives) {
        read.listen = running.listen;
        read.endpoints = running.endpoints;
        read.webhooks = running.webhooks;
        read.backfill = running.backfill;
    }
    if (running.roles.works && !read.roles.works) {
        read.handlers = running.handlers;
        read.routes = running.routes;
    }
}

void take_over(settings::settings& running, settings::settings read) {
    running.endpoints = std::move(read.endpoints);
    running.handlers = std::move(read.handlers);
    running.routes = std::move(read.routes);
    running.shutdown_timeout = read.shutdown_timeout;
    running.log.level = std::move(read.log.level);
    running.outreach = std::move(read.outreach);
    running.webhooks = std::move(read.webhooks);
    running.backfill = std::move(read.backfill);
    if (running.listen.tls && read.listen.tls)
        running.listen.tls = std::move(read.listen.tls);
}

} // namespace outreachd
