#include "daemon/sandbox/records.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <utility>

namespace outreachd::sandbox {

namespace json = boost::json;

namespace {

/// Ids of one type differ from those of another, so that mixing them up shows. Users begin with 1: their
/// ids are what one types most.
record_id first_id(std::string_view type) {
    if (type == "user")
        return 1;
    const auto at = std::ranges::find(resource_types(), type, &resource_type::type);
    return 1'000 * (at - resource_types().begin() + 1) + 1;
}

/// Whole numbers are signed here, so that one kind of them is all there is to compare.
json::value settled(json::value value) {
    if (value.is_uint64() && value.get_uint64() <= INT64_MAX)
        value = static_cast<std::int64_t>(value.get_uint64());
    return value;
}

void set_link(record& subject, std::string_view name, std::optional<record_id> to) {
    if (subject.type->find_relationship(name) != nullptr && to)
        subject.relationships[std::string{name}] = {*to};
}

} // namespace

const json::value& member(const json::object& of, std::string_view name) {
    static const json::value nothing;
    const json::value* const found = of.if_contains(name);
    return found == nullptr ? nothing : *found;
}

std::string text_member(const json::object& of, std::string_view name, std::string otherwise) {
    const json::value& value = member(of, name);
    return value.is_string() ? std::string{value.get_string()} : std::move(otherwise);
}

const json::value& record::attribute(std::string_view name) const {
    return member(attributes, name);
}

std::string record::text(std::string_view name) const {
    return text_member(attributes, name);
}

std::optional<record_id> record::link(std::string_view name) const {
    const auto found = relationships.find(name);
    return found == relationships.end() || found->second.empty() ? std::nullopt
                                                                 : std::optional{found->second.front()};
}

record& records::create(std::string_view type, const json::object& attributes, const links& relationships,
                        std::optional<record_id> user) {
    const resource_type& described = type_of(type);
    record_id& last = last_ids_.try_emplace(std::string{type}, first_id(type) - 1).first->second;
    record& made = by_type_[std::string{type}][++last];
    made.type = &described;
    made.id = last;
    for (const auto& each : described.attributes)
        made.attributes[each.name] = nullptr;
    const json::value initial = json::parse(described.initial);
    for (const auto& [name, value] : initial.as_object())
        made.attributes[name] = value;
    made.attributes["createdAt"] = made.attributes["updatedAt"] = time_now();
    for (const auto& [name, value] : attributes)
        made.attributes[name] = settled(value);
    for (const auto& each : described.relationships) {
        if (each.inverse.empty())
            made.relationships[std::string{each.name}];
    }
    set_link(made, "creator", user);
    set_link(made, "updater", user);
    for (const auto& [name, ids] : relationships)
        made.relationships[name] = ids;
    watch_({"created", made, {}, {}, {}});
    return made;
}

void records::change_record(record& subject, update what, std::optional<record_id> user) {
    change done{"updated", subject, {subject.type, subject.id, {}, {}}, {}, {}};
    for (auto& [name, given] : what.attributes) {
        json::value value = settled(std::move(given));
        json::value& held = subject.attributes[name];
        if (held == value)
            continue;
        done.before.attributes[name] = std::exchange(held, value);
        done.to[name] = std::move(value);
    }
    for (auto& [name, ids] : what.relationships) {
        std::vector<record_id>& held = subject.relationships[name];
        if (held == ids)
            continue;
        done.before.relationships[name] = std::exchange(held, ids);
        done.links_to[name] = std::move(ids);
    }
    const bool has_changed = !done.to.empty() || !done.links_to.empty();
    if (what.is_quiet || (!has_changed && what.special.empty()))
        return;
    set_link(subject, "updater", user);
    const std::string now = time_now();
    done.before.attributes["updatedAt"] = std::exchange(subject.attributes["updatedAt"], json::value(now));
    done.to["updatedAt"] = now;
    watch_(done);
    for (std::string& each : what.special) {
        done.action = std::move(each);
        watch_(done);
    }
}

void records::destroy(record& subject) {
    watch_({"destroyed", subject, {}, {}, {}});
    for (const resource_type& other : resource_types()) {
        for (const relationship& each : other.relationships) {
            const auto held = by_type_.find(other.type);
            if (each.type != subject.type->type || !each.inverse.empty() || held == by_type_.end())
                continue;
            for (auto& [id, one] : held->second)
                std::erase(one.relationships[std::string{each.name}], subject.id);
        }
    }
    by_type_.find(subject.type->type)->second.erase(subject.id);
}

record* records::find(std::string_view type, record_id id) {
    const auto held = by_type_.find(type);
    if (held == by_type_.end())
        return nullptr;
    const auto found = held->second.find(id);
    return found == held->second.end() ? nullptr : &found->second;
}

const record* records::find(std::string_view type, record_id id) const {
    return const_cast<records*>(this)->find(type, id); // Finds, and changes nothing.
}

const std::map<record_id, record>& records::all(std::string_view type) const {
    static const std::map<record_id, record> none;
    const auto held = by_type_.find(type);
    return held == by_type_.end() ? none : held->second;
}

std::vector<const record*> records::linked(const record& subject, const relationship& by) const {
    std::vector<const record*> found;
    if (by.inverse.empty()) {
        const auto held = subject.relationships.find(by.name);
        for (const record_id id :
             held == subject.relationships.end() ? std::vector<record_id>{} : held->second) {
            if (const record* const other = find(by.type, id))
                found.push_back(other);
        }
        return found;
    }
    for (const auto& [id, other] : all(by.type)) {
        if (other.link(by.inverse) == subject.id)
            found.push_back(&other);
    }
    return found;
}

std::string time_now() {
    return to_rfc3339(wall_now());
}

} // namespace outreachd::sandbox
