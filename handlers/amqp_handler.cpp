/// The `amqp` handler: one message for each event, and its confirm.
#include "handlers/amqp_handler.hpp"

#include "daemon/amqp_connection/event_message.hpp"
#include "daemon/expression/event_view.hpp"
#include "daemon/expression/form.hpp"
#include "daemon/text/expression_end.hpp"
#include "handlers/amqp_pool.hpp"
#include "handlers/header_list.hpp"

#include <algorithm>
#include <functional>
#include <stdexcept>

namespace outreachd::handlers {

namespace {

using amqp_connection::amqp_error;
using amqp_connection::trouble;
using std::chrono::milliseconds;

/// Of a connection that waits for the next event, with room for what the system does meanwhile.
constexpr std::chrono::seconds heartbeat{60};
constexpr milliseconds answer_timeout_max{10'000};
constexpr milliseconds answer_timeout_min{1};

amqp_connection::options make_options(const std::string& name, const settings::amqp_handler& configured) {
    amqp_connection::options made;
    for (const secret& uri : configured.nodes.uris) {
        auto node = parse_amqp_uri(uri.reveal());
        if (!node)
            throw std::runtime_error("'uri' is no AMQP URI");
        made.nodes.push_back(std::move(*node));
    }
    if (made.nodes.empty())
        throw std::runtime_error("there is no 'uri'");
    made.ca = configured.nodes.ca;
    made.name = "outreachd handler " + name;
    made.heartbeat = heartbeat;
    return made;
}

bool is_constant(const settings::amqp_handler& configured) {
    return !has_expression(configured.routing_key) &&
           std::ranges::none_of(configured.headers, has_expression, &header::value);
}

milliseconds left_until(steady_time deadline) {
    return std::chrono::floor<milliseconds>(deadline - std::chrono::steady_clock::now());
}

/// For one call that sends so much.
milliseconds answer_time(steady_time deadline, std::size_t bytes) {
    return std::clamp(left_until(deadline), answer_timeout_min,
                      answer_timeout_max + amqp_connection::time_to_send(bytes));
}

class amqp_handler final : public handler {
public:
    amqp_handler(const std::string& name, const settings::amqp_handler& configured,
                 std::shared_ptr<expression::engine> expressions)
        : configured_(configured), expressions_(std::move(expressions)),
          pool_(make_options(name, configured)),
          // Known without asking jq.
          is_key_the_name_(configured.routing_key == settings::amqp_handler{}.routing_key) {
        if (is_key_the_name_)
            configured_.routing_key.clear();
        routing_key_ = form_.add("routing_key", configured_.routing_key, expression::place::header);
        for (const header& one : configured_.headers)
            headers_.push_back(form_.add("headers." + one.name, one.value, expression::place::header));
        if (is_constant(configured_))
            constant_ = form_.fill(*expressions_, {});
    }

    outcome handle(const attempt& what) override {
        const event& subject = *what.subject;
        const expression::filled filled =
            constant_ ? *constant_ : form_.fill(*expressions_, expression::view_of(subject));
        if (!filled.problem.empty())
            return filled.is_transient ? outcome::retry(filled.problem) : outcome::dead(filled.problem);
        const std::string& key = is_key_the_name_ ? subject.facts.name : filled.texts[routing_key_];
        if (key.size() > amqp_connection::short_string_bytes_max)
            return outcome::dead("routing_key: what its expressions give has " + std::to_string(key.size()) +
                                 " bytes, and AMQP has room for 255");
        const amqp_connection::message message = make_message(what, filled);
        const amqp_connection::published published{.exchange = configured_.exchange,
                                                   .routing_key = key,
                                                   .is_mandatory = configured_.is_mandatory,
                                                   .what = &message};
        try {
            return publish(published, what.deadline);
        } catch (const amqp_error& error) {
            return judge(error);
        }
    }

    void abandon() override { pool_.end_all(); }

private:
    using line = std::unique_ptr<amqp_pool::line>;

    amqp_connection::message make_message(const attempt& what, const expression::filled& filled) const {
        amqp_connection::message made = amqp_connection::to_message(*what.subject);
        const std::equal_to<> is_same_name{}; // Case counts in AMQP.
        put(made.headers, {amqp_connection::delivery_id_header, to_string(what.delivery)}, is_same_name);
        for (std::size_t at = 0; at < headers_.size(); ++at)
            put(made.headers, {configured_.headers[at].name, filled.texts[headers_[at]]}, is_same_name);
        return made;
    }

    outcome publish(const amqp_connection::published& what, steady_time deadline) {
        if (line idle = take_ready(deadline)) {
            try {
                return publish_on(std::move(idle), what, deadline);
            } catch (const amqp_error& error) {
                // It died while nobody looked at it: the broker was restarted, or a firewall forgot it.
                if (error.kind() != trouble::lost)
                    throw;
            }
        }
        line fresh = pool_.open(deadline);
        try {
            make_ready(*fresh, deadline);
        } catch (const amqp_error&) {
            pool_.discard(std::move(fresh));
            throw;
        }
        return publish_on(std::move(fresh), what, deadline);
    }

    /// An idle one. What the broker says there of an earlier attempt, given up since, is no verdict on this
    /// one: such a line is closed, also where it has yet to be said. Nothing where there is none.
    line take_ready(steady_time deadline) {
        line idle = pool_.take_idle();
        if (!idle)
            return idle;
        try {
            make_ready(*idle, deadline);
            if (!idle->owes_confirm || idle->broker.is_blocked())
                return idle;
        } catch (const amqp_error&) { // there is another one
        }
        pool_.discard(std::move(idle));
        return {};
    }

    /// Reads what has come while it was idle: that it is closed, or blocked. Waits while it is blocked.
    static void make_ready(amqp_pool::line& on, steady_time deadline) {
        on.broker.answer_within(answer_time(deadline, 0));
        if (!on.has_channel) {
            on.broker.open_channel(amqp_pool::channel);
            on.broker.confirm_publishes(amqp_pool::channel);
            on.has_channel = true;
        }
        while (on.broker.next(on.broker.is_blocked() ? left_until(deadline) : milliseconds{0}))
            ;
    }

    /// Gives the line back, or away. To one that is blocked nothing is sent, since the broker would take it
    /// once it can, after this attempt has been given up.
    outcome publish_on(line on, const amqp_connection::published& what, steady_time deadline) {
        try {
            if (on->broker.is_blocked())
                return blocked(std::move(on));
            on->broker.answer_within(answer_time(deadline, what.what->body.size()));
            const std::uint64_t tag = on->broker.publish(amqp_pool::channel, what);
            on->owes_confirm = true;
            const std::optional<outcome> verdict = await_confirm(on->broker, tag, what, deadline);
            if (verdict) {
                on->owes_confirm = false;
                pool_.give_back(std::move(on));
                return *verdict;
            }
            if (on->broker.is_blocked())
                return blocked(std::move(on));
            outcome late =
                outcome::retry(destination() + ": " + on->broker.node() + " gives no confirm in time");
            pool_.discard(std::move(on)); // it may be dead
            return late;
        } catch (const amqp_error& error) {
            if (error.closed_channel() != 0 || error.kind() == trouble::unusable) {
                on->has_channel = on->has_channel && error.closed_channel() == 0;
                on->owes_confirm = on->owes_confirm && on->has_channel;
                pool_.give_back(std::move(on));
            } else {
                pool_.discard(std::move(on));
            }
            throw;
        }
    }

    /// The line is kept, so that the next attempt knows of the alarm before it sends anything.
    outcome blocked(line on) {
        outcome held = outcome::retry(destination() + ": " + on->broker.node() +
                                      " takes nothing now (an alarm: its memory or its disk)");
        pool_.give_back(std::move(on));
        return held;
    }

    /// Nothing where none comes by the deadline. A confirm of an earlier attempt may come before.
    std::optional<outcome> await_confirm(amqp_connection::connection& broker, std::uint64_t tag,
                                         const amqp_connection::published& what, steady_time deadline) const {
        bool is_returned = false;
        for (;;) {
            const auto told = broker.next(std::max(left_until(deadline), milliseconds{0}));
            if (!told)
                return std::nullopt;
            if (std::holds_alternative<amqp_connection::returned>(*told))
                is_returned = true;
            const auto* const confirm = std::get_if<amqp_connection::confirmed>(&*told);
            if (confirm == nullptr)
                continue;
            if (confirm->tag != tag) {
                is_returned = false;
                continue;
            }
            if (!confirm->is_taken)
                return outcome::retry(destination() + ": " + broker.node() +
                                      " refuses the message (nack); a queue that it is bound to is full or "
                                      "has failed");
            if (is_returned)
                return outcome::retry(destination() + ": " + broker.node() +
                                      " says that no queue is bound for the routing key '" +
                                      what.routing_key + "'");
            return outcome::done();
        }
    }

    outcome judge(const amqp_error& error) const {
        const std::string reason = destination() + ": " + error.what();
        switch (error.kind()) {
        case trouble::rejected:
        case trouble::unusable:
            return outcome::dead(reason);
        case trouble::refused:
        case trouble::not_found:
        case trouble::differs: // an operator mends these
        case trouble::unreachable:
        case trouble::lost:
        case trouble::too_late:
            break;
        }
        return outcome::retry(reason);
    }

    std::string destination() const {
        return configured_.exchange.empty() ? "the default exchange"
                                            : "exchange '" + configured_.exchange + "'";
    }

    settings::amqp_handler configured_;
    const std::shared_ptr<expression::engine> expressions_;
    amqp_pool pool_;
    const bool is_key_the_name_;
    expression::form form_;
    std::size_t routing_key_ = 0;
    std::vector<std::size_t> headers_;
    std::optional<expression::filled> constant_; ///< Where there is no expression: the texts, once for all.
};

} // namespace

std::unique_ptr<handler> make_amqp_handler(const std::string& name, const settings::amqp_handler& configured,
                                           std::shared_ptr<expression::engine> expressions) {
    return std::make_unique<amqp_handler>(name, configured, std::move(expressions));
}

} // namespace outreachd::handlers
