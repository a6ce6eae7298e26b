#include "daemon/outreach/webhook_set.hpp"

#include "handlers/outreach/json_api.hpp"
#include "handlers/outreach/page_walk.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace outreachd::outreach {

namespace {

namespace json = boost::json;
using namespace handlers::outreach;

constexpr const char* interrupted = "interrupted";
/// For another process that changes webhooks just now.
constexpr std::chrono::seconds apply_lock_timeout{5};

bool is_interrupted(const may_go_on& is_wanted) {
    return is_wanted && !is_wanted();
}

json::object attributes_of(const wanted_webhook& wanted, const secret& signing) {
    json::object attributes{{"url", wanted.url},
                            {"resource", wanted.resource},
                            {"action", wanted.action},
                            {"payloadVersion", wanted.payload_version}};
    if (!signing.empty())
        attributes["secret"] = signing.reveal();
    return attributes;
}

/// Ids go as numbers (contract 6.31).
std::string update_body(const webhook_change& what, const secret& signing) {
    json::object attributes = attributes_of(what.wanted, signing);
    attributes["active"] = true;
    return R"({"data":{"type":"webhook","id":)" + what.id + R"(,"attributes":)" +
           json::serialize(attributes) + "}}";
}

std::string create_body(const webhook_change& what, const secret& signing) {
    return R"({"data":{"type":"webhook","attributes":)" +
           json::serialize(attributes_of(what.wanted, signing)) + "}}";
}

bool is_create(const webhook_change& what) {
    return what.kind == change_kind::create;
}

void forget_begun(store::token_record& from, const webhook_change& what) {
    const std::string text = begun_text(what.wanted.event(), what.wanted.url);
    std::erase_if(from.webhooks, [&](const store::made_webhook& one) { return one.begun == text; });
}

void remember(store::token_record& into, change_kind kind, store::made_webhook made) {
    const auto there = std::ranges::find(into.webhooks, made.id, &store::made_webhook::id);
    if (there != into.webhooks.end()) {
        if (made.cleanup_token.empty()) // not every answer tells it
            made.cleanup_token = there->cleanup_token;
        into.webhooks.erase(there);
    }
    if (kind != change_kind::remove)
        into.webhooks.push_back(std::move(made));
}

} // namespace

webhook_list list_webhooks(client& by, steady_time deadline, const may_go_on& is_wanted) {
    webhook_list found;
    page_walk pages{by, get("/webhooks?page[size]=100")};
    for (;;) {
        if (is_interrupted(is_wanted)) {
            found.problem = interrupted;
            found.failed_as = api_answer::kind::later;
            return found;
        }
        const auto page = pages.next_patiently(deadline);
        if (!page)
            return found;
        if (!page->is_success()) {
            found.problem = page->problem;
            found.failed_as = page->what;
            return found;
        }
        const auto document = read_json(page->body);
        const json::value* const data = document ? find_member(*document, {"data"}) : nullptr;
        if (data != nullptr && data->is_array())
            for (const json::value& each : data->get_array())
                if (auto one = read_webhook(each))
                    found.all.push_back(std::move(*one));
    }
}

webhook_set::webhook_set(client& by, const std::string& directory, const settings::outreach& how,
                         const settings::webhooks& wanted, bool includes_others, may_go_on is_wanted)
    : by_(by), made_(directory, made_webhooks_file), wanted_(wanted), app_(configured_app(how)),
      includes_others_(includes_others), is_wanted_(std::move(is_wanted)) {}

applied_plan webhook_set::look(store::token_record& known, steady_time deadline) {
    const webhook_list found = list_webhooks(by_, deadline, is_wanted_);
    applied_plan looked;
    looked.problem = found.problem;
    looked.failed_as = found.failed_as;
    if (found.problem.empty()) {
        settle_begun(known, found.all, app_);
        looked.plan = make_plan(found.all, wanted_, ownership_of(app_, known, includes_others_));
    }
    return looked;
}

applied_plan webhook_set::plan(steady_time deadline) {
    store::token_reading known = made_.read();
    if (!known.problem.empty())
        return {.problem = known.problem};
    return look(known.record, deadline);
}

applied_plan webhook_set::apply(steady_time deadline,
                                const std::function<bool(const webhook_plan&)>& confirm) {
    const store::token_file::locking lock =
        made_.lock(std::min(deadline, std::chrono::steady_clock::now() + apply_lock_timeout));
    if (!lock.held)
        return {.problem = lock.problem.empty() ? "another process of this host is at it" : lock.problem};
    store::token_reading known = made_.read();
    if (!known.problem.empty())
        return {.problem = known.problem};
    const store::token_record before = known.record;
    applied_plan applied = look(known.record, deadline);
    if (applied.problem.empty() && known.record != before)
        applied.problem = made_.write(*lock.held, known.record);
    if (!applied.problem.empty() || applied.plan.is_empty())
        return applied;
    if (!is_interrupted(is_wanted_) && !confirm(applied.plan))
        return applied;
    for (const webhook_change& one : applied.plan.changes) {
        change_end end = is_interrupted(is_wanted_)
                             ? change_end{.problem = interrupted, .failed_as = api_answer::kind::later}
                             : change(*lock.held, one, known.record, deadline);
        if (!end.problem.empty()) {
            applied.problem = std::move(end.problem);
            applied.failed_as = end.failed_as;
            break;
        }
        ++applied.done;
    }
    return applied;
}

webhook_set::change_end webhook_set::change(const store::token_file::guard& held, const webhook_change& what,
                                            store::token_record& known, steady_time deadline) {
    const std::string path = "/webhooks/" + what.id;
    api_answer answer;
    switch (what.kind) {
    case change_kind::create:
        // Written down before, so that it is known for ours whatever becomes of the answer, and of us.
        forget_begun(known, what);
        known.webhooks.push_back(
            {{}, secret_print(wanted_.signing), {}, begun_text(what.wanted.event(), what.wanted.url)});
        if (std::string problem = made_.write(held, known); !problem.empty())
            return {.problem = std::move(problem)};
        answer = by_.send_patiently(post("/webhooks", create_body(what, wanted_.signing)), deadline);
        break;
    case change_kind::update:
        answer = by_.send_patiently(patch(path, update_body(what, wanted_.signing)), deadline);
        break;
    case change_kind::remove:
        answer = by_.send_patiently(remove(path), deadline);
        break;
    }
    // Somebody else was quicker: it is gone.
    const bool is_gone = what.kind == change_kind::remove && answer.status == 404;
    if (!answer.is_success() && !is_gone) {
        if (is_create(what) && answer.what != api_answer::kind::lost) {
            forget_begun(known, what); // it wasn't made
            made_.write(held, known);  // and the next look finds that out, too
        }
        return {.problem = answer.problem, .failed_as = answer.what};
    }
    std::string id = what.id;
    secret cleanup_token;
    if (what.kind != change_kind::remove) {
        const auto document = read_json(answer.body);
        const json::value* const data = document ? find_member(*document, {"data"}) : nullptr;
        const auto made = data != nullptr ? read_webhook(*data) : std::nullopt;
        if (made) {
            id = made->id;
            cleanup_token = made->cleanup_token;
            if (is_create(what) && !made->creator_app.empty())
                known.app = made->creator_app;
        }
        if (id.empty())
            return {.problem =
                        "POST /webhooks was answered without the webhook's id; run `outreachd webhooks "
                        "plan` again"};
    }
    if (is_create(what))
        forget_begun(known, what);
    remember(known, what.kind, {id, secret_print(wanted_.signing), std::move(cleanup_token)});
    return {.problem = made_.write(held, known)};
}

} // namespace outreachd::outreach
