/// A place for servers that are programs of their own, of which nothing is left behind.
#pragma once

#include "handlers/descriptor.hpp"

#include <string>

namespace outreachd::test_servers {

/// A temporary directory, removed with its owner or with the whole process, also where that is killed, and
/// with it every process that has `mark()` in its environment.
///
/// The script `guard` does it: a process that has no parent here, so that what kills a test with all its
/// children doesn't reach it, and that sees the test's end as the end of a pipe. PR_SET_PDEATHSIG would not
/// do: it fires at the end of the thread that began the child, and grandchildren don't have it.
class guarded_directory {
public:
    guarded_directory();  ///< Throws where there is no place for temporary files.
    ~guarded_directory(); ///< Returns when its processes are dead and all of it is removed.
    guarded_directory(const guarded_directory&) = delete;
    guarded_directory& operator=(const guarded_directory&) = delete;

    const std::string& path() const noexcept { return path_; }

    std::string at(const std::string& name) const { return path_ + "/" + name; }

    /// `NAME=VALUE`
    std::string mark() const { return "GUARDED_DIRECTORY=" + path_; }

private:
    handlers::descriptor lifeline_; ///< The guard acts when this is closed.
    handlers::descriptor answers_;  ///< Ends when the guard has done so.
    std::string path_;
};

} // namespace outreachd::test_servers
