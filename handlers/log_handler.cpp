/// The `log` handler: one log line for each event.
#include "handlers/log_handler.hpp"

#include "daemon/event/trace_parent.hpp"
#include "daemon/expression/event_view.hpp"
#include "daemon/expression/form.hpp"

#include <stdexcept>

namespace outreachd::handlers {

namespace {

class log_handler final : public handler {
public:
    log_handler(log::level at, std::string_view message, log::logger& log,
                std::shared_ptr<expression::engine> expressions)
        : level_(at), log_(log), expressions_(std::move(expressions)) {
        texts_.add("message", message, expression::place::text);
    }

    /// Of the body only what `message` asks for: it is the customers' data, and logs travel far.
    outcome handle(const attempt& what) override {
        const event& subject = *what.subject;
        const expression::filled filled = texts_.fill(*expressions_, expression::view_of(subject));
        if (!filled.problem.empty())
            return filled.is_transient ? outcome::retry(filled.problem) : outcome::dead(filled.problem);
        log_.write(level_, filled.texts.front(),
                   {{"event_id", to_string(subject.id)},
                    {"trace_id", trace_id_of(subject)},
                    {"name", subject.facts.name},
                    {"resource", subject.facts.resource},
                    {"resource_id", subject.facts.resource_id},
                    {"delivery_id", to_string(what.delivery)},
                    {"source", subject.source}});
        return outcome::done();
    }

private:
    const log::level level_;
    log::logger& log_;
    const std::shared_ptr<expression::engine> expressions_;
    expression::form texts_;
};

} // namespace

std::unique_ptr<handler> make_log_handler(const settings::log_handler& configured, log::logger& log,
                                          std::shared_ptr<expression::engine> expressions) {
    const auto level = log::parse_level(configured.level);
    if (!level)
        throw std::runtime_error("level '" + configured.level + "' is none of debug, info, warn, error");
    return std::make_unique<log_handler>(*level, configured.message, log, std::move(expressions));
}

} // namespace outreachd::handlers
