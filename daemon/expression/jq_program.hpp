/// The one place that calls libjq. Of a child only: libjq may end the process, or never come back.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace outreachd::expression {

/// What programs of one request see, read once. Copies share it.
class jq_input {
public:
    struct texts {
        std::string_view body;
        std::string_view event;
        std::string_view steps;
        std::string_view item;
    };

    /// A body that isn't JSON is null. `problem` says why something can't be read all the same: it is nested
    /// deeper than jq reads (256 levels in 1.6), or isn't the JSON that it must be.
    explicit jq_input(const texts& of);
    ~jq_input();
    jq_input(const jq_input&) = delete;
    jq_input& operator=(const jq_input&) = delete;

    const std::string& problem() const noexcept { return problem_; }

private:
    friend class jq_program;
    struct value;

    std::unique_ptr<value> value_;
    std::string problem_;
};

/// What a program gave, as compact JSON, or why it failed.
using jq_outcome = std::variant<std::vector<std::string>, std::string>;

class jq_program {
public:
    /// Compiles. Where it can't, `problem` says why, and it must not be run.
    explicit jq_program(std::string_view program);
    ~jq_program();
    jq_program(const jq_program&) = delete;
    jq_program& operator=(const jq_program&) = delete;

    const std::string& problem() const noexcept { return problem_; }

    jq_outcome run(const jq_input& input, std::uint64_t result_bytes_max);

private:
    struct state;

    std::unique_ptr<state> state_;
    std::string problem_;
};

/// What is called when libjq runs out of memory. It mustn't return.
void on_jq_out_of_memory(void (*last_words)(void*));

} // namespace outreachd::expression
