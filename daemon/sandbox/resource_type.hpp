/// What the sandbox knows of each kind of record: a description, from which all of REST follows.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace outreachd::sandbox {

enum class value_kind { text, integer, number, boolean, time, list, object };

struct attribute {
    std::string_view name;
    value_kind kind = value_kind::text;
    std::size_t length_max = 0;             ///< 0: none.
    std::vector<std::string_view> values{}; ///< Empty: any.
    bool is_required = false;
    bool is_read_only = false;
    bool is_filterable = true;
    bool is_on_request = false; ///< Shown only where `fields` names it.
};

struct relationship {
    std::string_view name;
    std::string_view type; ///< Of what it leads to.
    bool is_required = false;
    bool is_read_only = false;
    bool is_many = false;
    std::string_view inverse{}; ///< To many: the other side's relationship, which is what is stored.
};

struct action_parameter {
    std::string_view name;
    bool is_required = false;
};

struct action {
    std::string_view name;
    std::vector<action_parameter> parameters;
};

/// Which requests a type takes.
enum operation : unsigned {
    may_list = 1,
    may_get = 2,
    may_create = 4,
    may_update = 8,
    may_destroy = 16,
    may_read = may_list | may_get,
    may_all = may_read | may_create | may_update | may_destroy,
};

struct resource_type {
    std::string_view type;   ///< `prospect`
    std::string_view plural; ///< `prospects`; also the resource in a scope.
    unsigned operations = may_all;
    std::vector<attribute> attributes;
    std::vector<relationship> relationships;
    std::vector<action> actions;
    std::vector<std::string_view> events; ///< The actions of its webhooks.
    std::string_view initial;             ///< JSON: what an attribute is where nobody said.
    bool has_custom = false;              ///< `custom1` and so on.

    const attribute* find_attribute(std::string_view name) const;
    const relationship* find_relationship(std::string_view name) const;
    const action* find_action(std::string_view name) const;

    bool may(operation what) const noexcept { return (operations & what) == what; }
};

/// All of them. Every type has `createdAt` and `updatedAt`. Any thread.
const std::vector<resource_type>& resource_types();

const resource_type* find_type(std::string_view type);
const resource_type* find_plural(std::string_view plural);
/// One that is known to be there.
const resource_type& type_of(std::string_view type);

} // namespace outreachd::sandbox
