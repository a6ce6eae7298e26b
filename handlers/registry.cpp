/// From a handler's settings to the handler: the only place that names the types.
#include "handlers/registry.hpp"

#include "handlers/amqp_handler.hpp"
#include "handlers/exec_handler.hpp"
#include "handlers/file_handler.hpp"
#include "handlers/http_handler.hpp"
#include "handlers/log_handler.hpp"
#include "handlers/outreach_handler.hpp"

#include <stdexcept>

namespace outreachd::handlers {

namespace {

/// One line for each type.
struct maker {
    const std::string& name;
    log::logger& log;
    const std::shared_ptr<expression::engine>& expressions;
    const outreach_calls& calls;

    auto operator()(const settings::log_handler& own) const {
        return make_log_handler(own, log, expressions);
    }

    auto operator()(const settings::file_handler& own) const { return make_file_handler(own); }

    auto operator()(const settings::http_handler& own) const { return make_http_handler(own, expressions); }

    auto operator()(const settings::exec_handler& own) const {
        return make_exec_handler(name, own, expressions);
    }

    auto operator()(const settings::amqp_handler& own) const {
        return make_amqp_handler(name, own, expressions);
    }

    auto operator()(const settings::outreach_handler& own) const {
        return make_outreach_handler(own, calls.shared, calls.hooks, expressions);
    }
};

} // namespace

std::unique_ptr<handler> make_handler(const settings::handler& configured, log::logger& log,
                                      const std::shared_ptr<expression::engine>& expressions,
                                      const outreach_calls& calls) {
    try {
        return std::visit(maker{configured.name, log, expressions, calls}, configured.type);
    } catch (const std::exception& problem) {
        throw std::runtime_error("can't make the handler '" + configured.name + "': " + problem.what());
    }
}

} // namespace outreachd::handlers
