/// The webhooks at Outreach: looked at, and made what they should be.
#pragma once

#include "daemon/outreach/webhook_plan.hpp"
#include "daemon/store/token_file.hpp"
#include "handlers/outreach/client.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace outreachd::outreach {

struct webhook_list {
    std::vector<webhook> all;
    std::string problem; ///< Why they can't be told. Empty: they are.
    handlers::outreach::api_answer::kind failed_as = handlers::outreach::api_answer::kind::answered;
};

/// Asked before each request: where it says no, nothing more is sent, and the problem is that it was
/// interrupted, as `later`. Empty: always.
using may_go_on = std::function<bool()>;

/// Blocks up to `deadline`.
webhook_list list_webhooks(handlers::outreach::client& by, steady_time deadline,
                           const may_go_on& is_wanted = {});

/// What the plan's changes came to.
struct applied_plan {
    webhook_plan plan{};   ///< Empty where there was nothing to do.
    std::size_t done = 0;  ///< So many of its changes were made.
    std::string problem{}; ///< What ended it early. Empty: nothing did.
    /// Of the request that ended it; `answered`, too, where it was none.
    handlers::outreach::api_answer::kind failed_as = handlers::outreach::api_answer::kind::answered;
};

/// Who plans, and who touches what. The parts outlive it. One thread.
class webhook_set {
public:
    /// `directory`: `store.directory`. `includes_others`: also those with our URL that somebody else made.
    webhook_set(handlers::outreach::client& by, const std::string& directory, const settings::outreach& how,
                const settings::webhooks& wanted, bool includes_others = false, may_go_on is_wanted = {});

    /// Nothing is changed; `done` is 0.
    applied_plan plan(steady_time deadline);

    /// Plans, and makes the changes, under a lock of this host, so that two of its processes don't make one
    /// webhook twice; it isn't waited for long, since another may hold it while it asks. `confirm` sees the
    /// plan first; false: nothing is done. What is made is written down before and behind it, in
    /// `outreach-webhooks.json` beside the tokens.
    applied_plan apply(steady_time deadline, const std::function<bool(const webhook_plan&)>& confirm);

private:
    /// How one change ended; without a problem it is made.
    struct change_end {
        std::string problem{};
        handlers::outreach::api_answer::kind failed_as = handlers::outreach::api_answer::kind::answered;
    };

    applied_plan look(store::token_record& known, steady_time deadline);
    change_end change(const store::token_file::guard& held, const webhook_change& what,
                      store::token_record& known, steady_time deadline);

    handlers::outreach::client& by_;
    store::token_file made_; ///< Which webhooks we have made.
    const settings::webhooks wanted_;
    std::string app_; ///< Ours, where the configuration has it.
    const bool includes_others_;
    const may_go_on is_wanted_;
};

} // namespace outreachd::outreach
