#include "tests/unit/store/store_under_test.hpp"

#include <cstdlib>
#include <stdexcept>
#include <thread>

namespace outreachd::store {

temporary_directory::temporary_directory() {
    std::string name = (std::filesystem::temp_directory_path() / "outreachd-store-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
        throw std::runtime_error("can't make a temporary directory");
    path_ = name;
}

temporary_directory::~temporary_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::vector<std::string> recording_observer::lines() const {
    const std::scoped_lock lock(mutex_);
    return lines_;
}

bool recording_observer::has(std::string_view beginning) const {
    const std::scoped_lock lock(mutex_);
    for (const std::string& line : lines_)
        if (line.starts_with(beginning))
            return true;
    return false;
}

void recording_observer::forget() {
    const std::scoped_lock lock(mutex_);
    lines_.clear();
}

void recording_observer::add(std::string line) {
    const std::scoped_lock lock(mutex_);
    lines_.push_back(std::move(line));
}

void recording_quarantine_observer::failed(std::string_view cause) {
    const std::scoped_lock lock(mutex_);
    failures_.emplace_back(cause);
}

void recording_quarantine_observer::worked() {
    const std::scoped_lock lock(mutex_);
    failures_.clear();
}

std::vector<std::string> recording_quarantine_observer::failures() const {
    const std::scoped_lock lock(mutex_);
    return failures_;
}

verified_event genuine_event(std::string body, std::string outreach_event_id, std::vector<header> headers,
                             wall_time received_at) {
    static const signature::verifier unsigned_endpoint{{{}, true}};
    received_request request;
    request.endpoint = "/hook";
    request.source = "outreach";
    request.received_at = received_at;
    request.content_type = "application/json";
    request.outreach_event_id = std::move(outreach_event_id);
    request.headers = std::move(headers);
    request.body = std::move(body);
    return unsigned_endpoint.verify(request).value();
}

std::string task_body(int id) {
    return R"({"data":{"type":"task","id":)" + std::to_string(id) +
           R"(,"attributes":{}},"meta":{"eventName":"task.completed","deliveredAt":"2026-04-01T09:20:00.955-07:00"}})";
}

appended_event append(store& to, std::string body, std::string outreach_event_id,
                      std::chrono::milliseconds window) {
    std::promise<appended_event> answer;
    to.append(genuine_event(std::move(body), std::move(outreach_event_id)), window,
              std::chrono::steady_clock::now() + std::chrono::seconds{10},
              [&](error_code ec, append_result result) {
                  answer.set_value({ec, result});
              });
    return answer.get_future().get();
}

void route(store& to, std::vector<routing> routes) {
    std::promise<void> done;
    to.record_routes(std::move(routes), [&] { done.set_value(); });
    done.get_future().get();
}

void settle(store& to, settlement what) {
    std::promise<void> done;
    to.settle(std::move(what), [&] { done.set_value(); });
    done.get_future().get();
}

void note_published(store& to, std::vector<event_id> ids) {
    std::promise<void> done;
    to.note_published(std::move(ids), [&] { done.set_value(); });
    done.get_future().get();
}

namespace {

std::uint64_t wait_for_change(const std::function<void(change_done)>& ask) {
    std::promise<std::uint64_t> done;
    ask([&](std::uint64_t changed) { done.set_value(changed); });
    return done.get_future().get();
}

} // namespace

std::uint64_t replay(store& to, std::vector<routing> routes) {
    return wait_for_change([&](change_done done) { to.replay(std::move(routes), std::move(done)); });
}

std::uint64_t revive(store& to, std::vector<event_id> dead, bool is_from_start) {
    return wait_for_change(
        [&](change_done done) { to.revive(std::move(dead), is_from_start, std::move(done)); });
}

std::uint64_t discard(store& to, std::vector<event_id> dead) {
    return wait_for_change([&](change_done done) { to.discard(std::move(dead), std::move(done)); });
}

std::uint64_t discard_waiting(store& to, const std::string& handler, std::size_t limit) {
    return wait_for_change([&](change_done done) { to.discard_waiting(handler, limit, std::move(done)); });
}

bool eventually(const std::function<bool()>& is_true) {
    const auto give_up_at = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (!is_true()) {
        if (std::chrono::steady_clock::now() > give_up_at)
            return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return true;
}

} // namespace outreachd::store
