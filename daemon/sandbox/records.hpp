/// The simulated Outreach's records, in memory.
#pragma once

#include "daemon/event/timestamp.hpp"
#include "daemon/sandbox/resource_type.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::sandbox {

using record_id = std::int64_t;

/// Ids by the relationship's name; none or one where it leads to one.
using links = std::map<std::string, std::vector<record_id>, std::less<>>;

/// Null where there is no such member.
const boost::json::value& member(const boost::json::object& of, std::string_view name);
std::string text_member(const boost::json::object& of, std::string_view name,
                        std::string otherwise = {}); ///< `otherwise` where it isn't a text.

struct record {
    const resource_type* type = nullptr;
    record_id id = 0;
    boost::json::object attributes; ///< All that the type has, null where nothing is known.
    links relationships;            ///< Those that are stored here.

    bool is(std::string_view name) const { return type->type == name; }

    /// Null where there is no such attribute.
    const boost::json::value& attribute(std::string_view name) const;
    std::string text(std::string_view name) const; ///< Empty where it isn't a text.
    std::optional<record_id> link(std::string_view name) const;
};

/// What became of a record.
struct change {
    std::string action;     ///< `created`, `updated`, `destroyed`, or a special one: `completed`.
    const record& subject;  ///< As it is now; before it went, where it was destroyed.
    record before;          ///< Of an update: what has changed, as it was.
    boost::json::object to; ///< Of an update: what has changed, as it is.
    links links_to;

    bool is_update() const { return action != "created" && action != "destroyed"; }
};

/// What an update does, and how it is called beside `updated`.
struct update {
    boost::json::object attributes{};
    links relationships{};
    std::vector<std::string> special{}; ///< Further actions: `completed`.
    bool is_quiet = false;              ///< No event, and `updatedAt` stays.
};

/// Owner of all records; keeps ids, `createdAt`, `updatedAt`, `creator` and `updater`. One thread. A record's
/// address stays until it is destroyed.
class records {
public:
    using watcher = std::function<void(const change&)>;

    /// Called once, at the beginning. `watch` hears of every change when it is done; it may add
    /// records, and destroys none.
    void set_watcher(watcher watch) { watch_ = std::move(watch); }

    /// What isn't given is as the type begins. `user`: whose deed it is.
    record& create(std::string_view type, const boost::json::object& attributes, const links& relationships,
                   std::optional<record_id> user = {});
    /// Events only where something has changed, or a special action is named.
    void change_record(record& subject, update what, std::optional<record_id> user = {});
    /// Others lose their relationships to it.
    void destroy(record& subject);

    record* find(std::string_view type, record_id id);
    const record* find(std::string_view type, record_id id) const;
    const std::map<record_id, record>& all(std::string_view type) const;
    /// What `subject` leads to by that relationship, the other side's too.
    std::vector<const record*> linked(const record& subject, const relationship& by) const;

private:
    std::map<std::string, std::map<record_id, record>, std::less<>> by_type_;
    std::map<std::string, record_id, std::less<>> last_ids_;
    watcher watch_ = [](const change&) {};
};

/// The time now, as an attribute.
std::string time_now();

} // namespace outreachd::sandbox
