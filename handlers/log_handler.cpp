/// The `log` handler: one log line for each event.
#include "handlers/log_handler.hpp"

#include <stdexcept>

namespace outreachd::handlers {

namespace {

class log_handler final : public handler {
public:
    log_handler(log::level at, std::string message, log::logger& log)
        : level_(at), message_(std::move(message)), log_(log) {}

    /// Never the body: it is the customers' data, and logs travel far.
    outcome handle(const attempt& what) override {
        const event& subject = *what.subject;
        log_.write(level_, message_,
                   {{"event_id", to_string(subject.id)},
                    {"name", subject.facts.name},
                    {"resource", subject.facts.resource},
                    {"resource_id", subject.facts.resource_id},
                    {"delivery_id", to_string(what.delivery)},
                    {"source", subject.source}});
        return outcome::done();
    }

private:
    const log::level level_;
    const std::string message_;
    log::logger& log_;
};

} // namespace

std::unique_ptr<handler> make_log_handler(const settings::log_handler& configured, log::logger& log) {
    const auto level = log::parse_level(configured.level);
    if (!level)
        throw std::runtime_error("level '" + configured.level + "' is none of debug, info, warn, error");
    return std::make_unique<log_handler>(*level, configured.message, log);
}

} // namespace outreachd::handlers
