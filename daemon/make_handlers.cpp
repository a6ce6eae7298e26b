#include "daemon/make_handlers.hpp"

#include "daemon/expression/engine.hpp"

#include <memory>

namespace outreachd {

std::vector<dispatch::equipped_handler> make_handlers(const std::vector<settings::handler>& configured,
                                                      log::logger& log,
                                                      const handlers::outreach_calls& calls) {
    std::vector<dispatch::equipped_handler> made;
    made.reserve(configured.size());
    for (const settings::handler& one : configured) {
        // As many processes as worker threads; none is begun before a program is run.
        const auto expressions = std::make_shared<expression::engine>(one.concurrency);
        made.push_back({one, handlers::make_handler(one, log, expressions, calls), expressions});
    }
    return made;
}

} // namespace outreachd
