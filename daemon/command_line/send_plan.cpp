/// Reads files, compares words; opens no socket.
#include "daemon/command_line/send_plan.hpp"

#include "daemon/command_line/samples.hpp"
#include "daemon/event/event_reader.hpp"
#include "daemon/settings/bounded_file.hpp"
#include "daemon/settings/nearest_name.hpp"
#include "daemon/settings/network_address.hpp"
#include "daemon/text/number.hpp"

#include <cstddef>
#include <stdexcept>

#include <fnmatch.h>

namespace outreachd::command_line {

namespace {

constexpr double rate_per_second_max = 100'000;
/// More than any listener takes; what has no end, as a device, ends here.
constexpr std::size_t body_bytes_max = 1024UL * 1024 * 1024;

bool is_file(const std::string& word) {
    return word.find('/') != std::string::npos || word.ends_with(".json");
}

send_item read_file(const std::string& path) {
    settings::file_contents read = settings::read_file(path, body_bytes_max, settings::file_kind::stream);
    if (!read.problem.empty())
        throw std::runtime_error(read.problem);
    std::string name = read_event(read.text).name;
    return {.name = std::move(name), .body = std::move(read.text)};
}

/// With `all` for every sample.
std::vector<std::string> names_that_fit(const std::string& glob) {
    std::vector<std::string> fitting;
    for (const std::string& name : sample_names()) {
        if (glob == "all" || fnmatch(glob.c_str(), name.c_str(), 0) == 0)
            fitting.push_back(name);
    }
    return fitting;
}

/// Where the listener is reached from this machine.
url url_of_listener(const settings::listen& configured) {
    if (configured.port == 0)
        throw usage_error("listen.port is 0, a free port, so --url must say where the daemon listens");
    // A name would have to be resolved, and a bare container knows no localhost. `::` takes IPv4, too.
    return {.is_tls = configured.tls.has_value(),
            .host = settings::is_any_address(configured.address) ? "127.0.0.1" : configured.address,
            .port = configured.port,
            .target = "/"};
}

} // namespace

std::vector<send_item> resolve_items(const std::vector<std::string>& words) {
    const std::vector<std::string_view> known(sample_names().begin(), sample_names().end());
    std::vector<send_item> items;
    for (const std::string& word : words) {
        if (is_file(word)) {
            items.push_back(read_file(word));
            continue;
        }
        const std::vector<std::string> names = names_that_fit(word);
        if (names.empty())
            throw usage_error(
                "there is no sample '" + word + "'" + settings::suggestion(word, known) +
                "; `outreachd send --help` lists them, and a file's path holds a '/' or ends in .json");
        for (const std::string& name : names)
            items.push_back({.name = name, .body = std::nullopt});
    }
    return items;
}

settings::endpoint choose_endpoint(const std::vector<settings::endpoint>& configured,
                                   const std::string& wanted) {
    std::vector<std::string_view> paths;
    std::string listed;
    for (const settings::endpoint& each : configured) {
        if (each.path == wanted)
            return each;
        paths.emplace_back(each.path);
        listed += (listed.empty() ? "" : ", ") + each.path;
    }
    if (!wanted.empty())
        throw usage_error("no endpoint has the path '" + wanted + "'" + settings::suggestion(wanted, paths));
    if (configured.size() != 1)
        throw usage_error("the configuration has several endpoints; --endpoint says which: " + listed);
    return configured.front();
}

double parse_rate(const std::string& text) {
    const std::size_t unit_size = text.ends_with("/s") ? 2 : 0;
    const auto rate = parse_number<double>(std::string_view{text}.substr(0, text.size() - unit_size));
    if (!rate || !(*rate > 0 && *rate <= rate_per_second_max))
        throw usage_error("--rate '" + text + "' is no number of requests a second; for example 50 or 50/s");
    return *rate;
}

send_plan plan_send(const settings::settings& configured, const send_options& options) {
    send_plan plan;
    plan.items = resolve_items(options.what);
    std::optional<url> given;
    if (!options.url.empty()) {
        given = parse_url(options.url);
        if (!given)
            throw usage_error("--url '" + options.url +
                              "' is no URL such as https://localhost:8443/webhooks");
    }
    std::string path = options.endpoint;
    for (const settings::endpoint& each : configured.endpoints) {
        // A URL that names a configured endpoint has chosen it.
        if (path.empty() && given && given->target == each.path)
            path = each.path;
    }
    plan.endpoint = choose_endpoint(configured.endpoints, path);
    plan.to = given ? *given : url_of_listener(configured.listen);
    if (plan.to.target == "/")
        plan.to.target = plan.endpoint.path;
    plan.believed = {.ca_file = options.ca_file,
                     .own_certificate_file = configured.listen.tls ? configured.listen.tls->certificate : "",
                     .is_insecure = options.is_insecure};
    if (options.count < 1 || options.count > send_total_max / plan.items.size())
        throw usage_error("--count: between 1 and " + std::to_string(send_total_max) + " requests in all");
    plan.how.total = plan.items.size() * options.count;
    if (!options.rate.empty())
        plan.how.per_second = parse_rate(options.rate);
    return plan;
}

} // namespace outreachd::command_line
