#include "daemon/sandbox/world.hpp"

#include "daemon/sandbox/demo_data.hpp"
#include "daemon/sandbox/routes.hpp"

namespace outreachd::sandbox {

namespace {

/// Contract 11.17: what happens to a prospect is also a record, with a name of another vocabulary.
void write_event(world& in, const change& what) {
    if (!what.subject.is("prospect") || what.action == "destroyed")
        return;
    in.data.create("event", {{"name", "prospect_" + what.action}, {"eventAt", time_now()}},
                   {{"prospect", {what.subject.id}}});
    const auto& all = in.data.all("event");
    if (all.size() > world::events_max)
        in.data.destroy(*in.data.find("event", all.begin()->first));
}

} // namespace

world::world(const options& set, log::logger& to, deliverer& out, scheduler run_later)
    : configured(set), log(to), later(std::move(run_later)), granted(set), limit(set.limit, set.limit_window),
      feed(set, data, out) {
    make_demo_data(data, set.is_empty);
    if (!set.install.empty())
        installs[set.install];
    data.set_watcher([this](const change& what) {
        feed.hear(what);
        write_event(*this, what);
    });
}

response answer(world& in, const request& asked) {
    try {
        const std::string_view path = asked.path();
        if (path == "/api/v2" || path.starts_with("/api/v2/"))
            return answer_rest(in, asked);
        if (path.starts_with("/oauth/"))
            return answer_oauth(in, asked);
        if (path.starts_with("/api/app/installs/"))
            return answer_install(in, asked);
        if (path.starts_with("/sandbox/uploads/"))
            return answer_upload(in, asked);
        if (path.starts_with("/sandbox/"))
            return answer_control(in, asked);
        if (path == "/")
            return text_answer(200, "A simulated Outreach. REST is below /api/v2, OAuth below /oauth;\n"
                                    "GET /sandbox/requests and /sandbox/deliveries tell what happened.\n");
        throw not_found("There is nothing at that path.");
    } catch (const refusal& why) {
        return to_response(why);
    }
}

} // namespace outreachd::sandbox
