#include "daemon/expression/jq_program.hpp"

#include "daemon/expression/jq_messages.hpp"
#include "daemon/expression/program_text.hpp"

#include <utility>

extern "C" {
#include <jq.h>
#include <jv.h>
}

namespace outreachd::expression {

namespace {

/// A program gives one result, or for `where` few; what gives more is no use to anyone.
constexpr std::size_t results_max = 1000;

void (*nomem_handler)(void*) = nullptr;

/// Owns a value. libjq's functions take over what they are given, unless a comment says otherwise.
class value_owner {
public:
    explicit value_owner(jv owned) : owned_(owned) {}

    ~value_owner() { jv_free(owned_); }

    value_owner(const value_owner&) = delete;
    value_owner& operator=(const value_owner&) = delete;

    jv copy() const { return jv_copy(owned_); }

    bool is_valid() const { return jv_get_kind(owned_) != JV_KIND_INVALID; }

    /// Of a string.
    std::string text() const {
        return {jv_string_value(owned_), static_cast<std::size_t>(jv_string_length_bytes(copy()))};
    }

private:
    jv owned_;
};

std::string dump(const value_owner& value) {
    return value_owner{jv_dump_string(value.copy(), 0)}.text();
}

/// The words of an invalid value; empty where it has none, as at the end of results.
std::string message_of(const value_owner& invalid) {
    if (!jv_invalid_has_msg(invalid.copy()))
        return {};
    const value_owner message{jv_invalid_get_msg(invalid.copy())};
    if (jv_get_kind(message.copy()) != JV_KIND_STRING)
        return "error (not a string): " + dump(message);
    return message.text();
}

struct parsed {
    jv value;
    std::string problem;
};

/// One JSON text. jv_parse would copy all of it into its message.
parsed parse(std::string_view text) {
    jv_parser* const parser = jv_parser_new(0);
    jv_parser_set_buf(parser, text.data(), static_cast<int>(text.size()), 0);
    jv first = jv_parser_next(parser);
    std::string problem;
    if (!jv_is_valid(jv_copy(first))) {
        problem = message_of(value_owner{jv_copy(first)});
        if (problem.empty())
            problem = "Expected JSON value";
    } else {
        const value_owner next{jv_parser_next(parser)};
        problem = next.is_valid() ? "Unexpected extra JSON values" : message_of(next);
    }
    jv_parser_free(parser);
    if (problem.empty())
        return {first, {}};
    jv_free(first);
    return {jv_null(), std::move(problem)};
}

bool is_too_deep(const std::string& problem) {
    return problem.find("depth limit") != std::string::npos;
}

} // namespace

struct jq_input::value {
    explicit value(jv whole) : owned(whole) {}

    value_owner owned;
};

jq_input::jq_input(const texts& of) {
    struct part {
        const char* key;
        const char* name;
        std::string_view text;
        bool may_be_anything;
    };

    const part parts[] = {{"body", "the body", of.body, true},
                          {"event", "$event", of.event, false},
                          {"steps", "$steps", of.steps, false},
                          {"item", "$item", of.item, false}};
    jv whole = jv_object();
    for (const part& one : parts) {
        // jq 1.6 takes a NUL byte for a zero; no JSON holds one.
        const bool has_nul = one.text.find('\0') != std::string_view::npos;
        parsed read = has_nul ? parsed{jv_null(), "it holds a NUL byte"} : parse(one.text);
        if (is_too_deep(read.problem))
            problem_ = std::string{one.name} + " is nested deeper than jq reads";
        else if (!read.problem.empty() && !one.may_be_anything)
            problem_ = std::string{one.name} + " isn't JSON: " + on_one_line(read.problem);
        whole = jv_object_set(whole, jv_string(one.key), read.value);
    }
    value_ = std::make_unique<value>(whole);
}

jq_input::~jq_input() = default;

struct jq_program::state {
    state() : jq(jq_init()) {
        if (jq == nullptr) {
            if (nomem_handler != nullptr)
                nomem_handler(nullptr);
            throw std::bad_alloc{};
        }
        // Left as it is, jq 1.6 would call whatever stands in uninitialized memory.
        jq_set_nomem_handler(jq, nomem_handler, nullptr);
        jq_set_error_cb(jq, &state::keep_message, this);
        jq_set_input_cb(jq, nullptr, nullptr);
        jq_set_debug_cb(jq, nullptr, nullptr);
    }

    ~state() { jq_teardown(&jq); }

    state(const state&) = delete;
    state& operator=(const state&) = delete;

    static void keep_message(void* self, jv message) {
        const value_owner owned{message};
        static_cast<state*>(self)->said.push_back(jv_get_kind(owned.copy()) == JV_KIND_STRING ? owned.text()
                                                                                              : dump(owned));
    }

    jq_state* jq;
    std::vector<std::string> said;
};

jq_program::jq_program(std::string_view program) {
    if (auto fault = find_fault(program)) {
        problem_ = std::move(*fault);
        return;
    }
    state_ = std::make_unique<state>();
    if (!jq_compile(state_->jq, wrap(program).c_str()))
        problem_ = explain(state_->said, program);
    state_->said.clear();
}

jq_program::~jq_program() = default;

jq_outcome jq_program::run(const jq_input& input, std::uint64_t result_bytes_max) {
    jq_state* const jq = state_->jq;
    jq_start(jq, input.value_->owned.copy(), 0);
    std::vector<std::string> results;
    std::uint64_t bytes = 0;
    std::string problem;
    while (problem.empty()) {
        const value_owner result{jq_next(jq)};
        if (!result.is_valid()) {
            problem = message_of(result);
            if (!problem.empty())
                problem = "jq: " + on_one_line(problem);
            else if (jq_halted(jq))
                problem = "jq: the program halted";
            break;
        }
        results.push_back(dump(result));
        bytes += results.back().size();
        if (bytes > result_bytes_max)
            problem = "jq: the program gives more than " + std::to_string(result_bytes_max) + " bytes";
        else if (results.size() > results_max)
            problem = "jq: the program gives more than " + std::to_string(results_max) + " results";
    }
    jq_start(jq, jv_null(), 0); // lets go of what a program that didn't come to its end still holds
    if (!problem.empty())
        return problem;
    return results;
}

void on_jq_out_of_memory(void (*last_words)(void*)) {
    nomem_handler = last_words;
    jv_nomem_handler(last_words, nullptr);
}

} // namespace outreachd::expression
