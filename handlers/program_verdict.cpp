#include "handlers/program_verdict.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace outreachd::handlers {

namespace {

/// Of one argument, or of one variable with its name and '=': MAX_ARG_STRLEN of the kernel (execve(2)),
/// which counts the NUL at the end.
constexpr std::size_t argument_bytes_max = 32UL * 4096 - 1;
constexpr int try_again_status = 75;

void append_part(std::string& into, const char* title, const kept_output& part) {
    if (part.bytes.empty())
        return;
    into += title;
    into += part.is_cut ? " (cut):\n" : ":\n";
    into += part.bytes;
    if (!part.bytes.ends_with('\n'))
        into += '\n';
}

std::string answer_of(const program_end& ended) {
    std::string answer;
    append_part(answer, "stdout", ended.output);
    append_part(answer, "stderr", ended.errors);
    return answer;
}

/// What is too long is known by its place or name, never by its text.
std::string explain_length(const program& what) {
    const auto is_too_long = [](const std::string& text) { return text.size() > argument_bytes_max; };
    const std::string advice = "; give it by stdin, which has no limit";
    const auto argument = std::ranges::find_if(what.arguments, is_too_long);
    if (argument != what.arguments.end())
        return "its argument " + std::to_string(argument - what.arguments.begin()) + " has " +
               std::to_string(argument->size()) + " bytes, and the kernel takes " +
               std::to_string(argument_bytes_max) + advice;
    const auto variable = std::ranges::find_if(what.environment, is_too_long);
    if (variable != what.environment.end())
        return "the environment variable " + variable->substr(0, variable->find('=')) + " has " +
               std::to_string(variable->size()) + " bytes with its name, and the kernel takes " +
               std::to_string(argument_bytes_max) + advice;
    return "its arguments and environment together are longer than the kernel takes" + advice;
}

/// The kernel's number is the same whatever it was that it didn't find or may not use.
std::string explain_start(const program& what, int error) {
    std::string why = std::generic_category().message(error);
    std::error_code unknown;
    if (!what.directory.empty() && !std::filesystem::is_directory(what.directory, unknown))
        return "its directory " + what.directory + ": " +
               (unknown ? unknown.message() : std::generic_category().message(ENOTDIR)) +
               "; create it, or change 'cwd'";
    switch (error) {
    case ENOENT:
        return std::filesystem::exists(what.path, unknown)
                   ? "the program that its first line names, or its loader: " + why + "; install that"
                   : why + "; install it, or change 'command'";
    case EACCES:
    case EPERM:
        return why + "; let the daemon's user run it (chmod +x), in a directory that the user may enter";
    case ENOEXEC:
        return why +
               "; it is no program of this machine, and no script whose first line is '#!' and its shell";
    case EAGAIN:
    case ENOMEM:
        return why + "; raise the limit on processes or memory (TasksMax=, MemoryMax= in the unit)";
    case EMFILE:
    case ENFILE:
        return why + "; raise the limit on open files (LimitNOFILE= in the unit)";
    default:
        return why;
    }
}

std::string signal_name(int number) {
    const char* const name = ::sigabbrev_np(number);
    return std::to_string(number) + (name != nullptr ? std::string{" (SIG"} + name + ")" : std::string{});
}

outcome judge_exit(const std::string& path, const program_end& ended, std::span<const std::uint8_t> dead_on) {
    const int status = ended.code;
    if (status == 0)
        return outcome::done();
    const std::string fact = path + " ended with exit status " + std::to_string(status);
    if (status == try_again_status)
        return outcome::retry(fact + ": it wants to be run again later");
    const bool is_silent = ended.output.bytes.empty() && ended.errors.bytes.empty();
    const char* const where_more_is =
        is_silent ? "; it wrote nothing" : "; what it wrote is kept as its answer";
    if (std::ranges::find(dead_on, status) != dead_on.end())
        return outcome::dead(fact + ", which 'dead_on' lists" + where_more_is);
    return outcome::retry(fact + where_more_is);
}

outcome judge_end(const program& what, const program_end& ended, std::span<const std::uint8_t> dead_on) {
    switch (ended.how) {
    case program_end::kind::exited:
        return judge_exit(what.path, ended, dead_on);
    case program_end::kind::signalled:
        return outcome::retry(what.path + " was ended by signal " + signal_name(ended.code) +
                              (ended.code == SIGKILL ? "; want of memory ends programs so" : ""));
    case program_end::kind::timed_out:
        return outcome::retry(what.path + " took longer than the handler's 'timeout' and was ended" +
                              (ended.was_killed ? " by SIGKILL, since it didn't heed SIGTERM" : ""));
    case program_end::kind::not_started:
        if (ended.code == E2BIG)
            return outcome::dead("can't start " + what.path + ": " + explain_length(what));
        return outcome::retry("can't start " + what.path + ": " + explain_start(what, ended.code));
    case program_end::kind::lost:
        break;
    }
    return outcome::retry("can't learn how " + what.path +
                          " ended: " + std::generic_category().message(ended.code));
}

} // namespace

outcome judge_program(const program& what, const program_end& ended, std::span<const std::uint8_t> dead_on) {
    outcome said = judge_end(what, ended, dead_on);
    said.last_answer = answer_of(ended);
    return said;
}

} // namespace outreachd::handlers
