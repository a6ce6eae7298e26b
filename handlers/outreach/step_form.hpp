/// A configured step, and the request that it becomes for one event.
#pragma once

#include "daemon/event/event.hpp"
#include "daemon/expression/engine.hpp"
#include "daemon/expression/form.hpp"
#include "daemon/settings/settings.hpp"

#include <optional>
#include <string>
#include <vector>

namespace outreachd::handlers::outreach {

/// Why a step can't be done for this event.
struct step_fault {
    std::string problem;
    bool is_transient = false; ///< A later attempt can help.
};

struct step_request {
    std::string method;
    std::string target; ///< A path with its query, or a whole URL.
    std::vector<header> headers;
    std::optional<std::string> body;
};

/// A value, or why there is none.
template <typename T>
struct step_value {
    std::optional<T> value;
    step_fault fault;
};

/// Made once; then thread-safe. `number` counts from 0; messages name a step by its name, or by its number
/// from 1.
class step_form {
public:
    step_form(const settings::outreach_step& configured, std::size_t number,
              std::vector<std::string> allow_hosts);

    const settings::outreach_step& configured() const noexcept { return configured_; }

    /// `step 2`, `step 'mailing'`
    const std::string& title() const noexcept { return title_; }

    /// By which it is known again, whatever its number has become: of what it asks, as it is configured.
    const std::string& fingerprint() const noexcept { return fingerprint_; }

    bool is_list() const noexcept { return !configured_.for_each.empty(); }

    /// Whether `when` says yes: false, null and no result are no.
    step_value<bool> is_wanted(expression::engine& with, const expression::view& what) const;
    /// The elements that `for_each` gives, at most `elements_max`.
    step_value<std::vector<std::string>> elements(expression::engine& with,
                                                  const expression::view& what) const;
    step_value<step_request> request(expression::engine& with, const expression::view& what) const;

    static constexpr std::size_t elements_max = 10'000;

private:
    step_fault fault(const std::string& problem, bool is_transient = false) const;
    std::optional<step_fault> refuse(const step_request& made) const;

    const settings::outreach_step configured_;
    const std::string title_;
    const std::string fingerprint_;
    const std::vector<std::string> allow_hosts_;
    std::string fixed_host_; ///< Of a whole URL, where no expression stands in it.
    expression::form form_;
    std::size_t target_ = 0; ///< Numbers in the form.
    std::vector<std::size_t> query_;
    std::vector<std::size_t> headers_;
    std::optional<std::size_t> body_;
};

} // namespace outreachd::handlers::outreach
