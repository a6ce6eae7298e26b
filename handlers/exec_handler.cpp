/// The `exec` handler: runs a program for each event. No shell is between.
#include "handlers/exec_handler.hpp"

#include "daemon/expression/event_view.hpp"
#include "daemon/expression/form.hpp"
#include "daemon/settings/find_program.hpp"
#include "handlers/exec_environment.hpp"
#include "handlers/program_runner.hpp"
#include "handlers/program_verdict.hpp"

#include <optional>
#include <system_error>
#include <utility>

namespace outreachd::handlers {

namespace {

class exec_handler final : public handler {
public:
    exec_handler(std::string name, const settings::exec_handler& configured,
                 std::shared_ptr<expression::engine> expressions)
        : name_(std::move(name)), configured_(configured), expressions_(std::move(expressions)),
          base_(passed_on_environment()) {
        // The texts' numbers are in this order: arguments, variables, stdin.
        for (std::size_t at = 1; at < configured_.command.size(); ++at)
            texts_.add("command[" + std::to_string(at) + "]", configured_.command[at],
                       expression::place::argument);
        for (const settings::exec_variable& one : configured_.env) {
            texts_.add("env." + one.name, one.value, expression::place::argument);
            if (one.name == "PATH")
                set_variable(base_, one);
        }
        if (configured_.stdin_text)
            texts_.add("stdin", *configured_.stdin_text, expression::place::text);
    }

    outcome handle(const attempt& what) override {
        expression::filled filled = texts_.fill(*expressions_, expression::view_of(*what.subject));
        if (!filled.problem.empty())
            return filled.is_transient ? outcome::retry(std::move(filled.problem))
                                       : outcome::dead(std::move(filled.problem));
        const auto about = delivery_environment(what, name_);
        if (const auto variable = variable_with_nul(about))
            return outcome::dead(*variable +
                                 " can't be set: the event's own text holds a NUL character, which "
                                 "no environment variable can");
        if (std::chrono::steady_clock::now() >= what.deadline)
            return outcome::retry("there was no time left to run " + configured_.command.front());
        const std::string& name = configured_.command.front();
        auto found = settings::find_program(name, search_path());
        if (found.path.empty())
            return outcome::retry("can't start " + name + ": " +
                                  std::generic_category().message(found.error) + " in PATH, " +
                                  search_path() + "; install it there, or give its absolute path");
        const program to_run = fill_in(std::move(found.path), what, filled.texts, about);
        return judge_program(to_run, runner_.run(to_run, what.deadline), configured_.dead_on);
    }

    void abandon() override { runner_.kill_all(); }

private:
    /// PATH stands first.
    const std::string& search_path() const { return base_.front().value; }

    /// Its input is borrowed from `what` or `texts`.
    program fill_in(std::string path, const attempt& what, const std::vector<std::string>& texts,
                    const std::vector<settings::exec_variable>& about) const {
        auto text = texts.begin();
        program filled;
        filled.path = std::move(path);
        filled.directory = configured_.cwd;
        filled.arguments.push_back(configured_.command.front());
        for (std::size_t at = 1; at < configured_.command.size(); ++at)
            filled.arguments.push_back(*text++);
        auto variables = base_;
        for (const settings::exec_variable& one : configured_.env)
            set_variable(variables, {one.name, *text++});
        for (const settings::exec_variable& one : about)
            set_variable(variables, one);
        for (const settings::exec_variable& one : variables)
            filled.environment.push_back(one.name + '=' + one.value);
        filled.input = configured_.stdin_text ? std::string_view{*text} : what.subject->body;
        return filled;
    }

    const std::string name_;
    const settings::exec_handler configured_;
    const std::shared_ptr<expression::engine> expressions_;
    std::vector<settings::exec_variable> base_; ///< Of the environment: what is the same for each event.
    expression::form texts_;
    program_runner runner_;
};

} // namespace

std::unique_ptr<handler> make_exec_handler(std::string name, const settings::exec_handler& configured,
                                           std::shared_ptr<expression::engine> expressions) {
    return std::make_unique<exec_handler>(std::move(name), configured, std::move(expressions));
}

} // namespace outreachd::handlers
