/// The program: reads the command line, and runs the daemon for `serve`.
#include "daemon/command_line/command_line.hpp"
#include "daemon/expression/child.hpp"
#include "daemon/serve.hpp"

#include <csignal>
#include <cstdio>
#include <exception>

int main(int argc, char** argv) {
    // Before anything else: a process that runs jq programs is this program again.
    if (outreachd::expression::is_child(argc, argv))
        return outreachd::expression::run_child(argc, argv);
    // Ignored, as some supervisors hand it down, no child's end could be learnt.
    std::signal(SIGCHLD, SIG_DFL);
    try {
        return outreachd::command_line::run(argc, argv, {.serve = outreachd::serve});
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "outreachd: %s\n", failure.what());
        return 1;
    }
}
