#include "daemon/expression/child.hpp"

#include "daemon/expression/frame.hpp"
#include "daemon/expression/jq_program.hpp"
#include "daemon/expression/processor_time.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <list>
#include <map>
#include <new>
#include <string_view>

#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

namespace outreachd::expression {

namespace {

constexpr const char* child_flag = "--jq-process";
constexpr int engine_socket = 0;

/// A configuration has a few dozen programs; each takes some kilobytes, and 16 ms to compile.
constexpr std::size_t compiled_max = 512;
/// Far above any body that is taken; what doesn't fit into memory ends the process anyway.
constexpr std::uint64_t request_bytes_max = 1024ULL * 1024 * 1024;
/// Of a thread's stack, as is usual: what nests too deep ends here, whatever limit the daemon runs with.
constexpr rlim_t stack_bytes = 8UL * 1024 * 1024;

std::atomic<bool> has_asked = false;

/// The engine has hung up: there is nobody left to do anything for.
[[noreturn]] void leave() {
    ::_exit(0);
}

void write_all(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::send(engine_socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (written > 0)
            bytes.remove_prefix(static_cast<std::size_t>(written));
        else if (errno != EINTR)
            leave();
    }
}

void read_all(char* into, std::size_t size) {
    while (size > 0) {
        const ssize_t count = ::recv(engine_socket, into, size, 0);
        if (count > 0) {
            into += count;
            size -= static_cast<std::size_t>(count);
        } else if (count == 0 || errno != EINTR) {
            leave();
        }
    }
}

/// Made beforehand, since there is no memory left when it is sent.
const std::string& last_words() {
    static const std::string words = frame_begin(frame_kind::out_of_memory, {});
    return words;
}

[[noreturn]] void die_of_memory(void*) {
    write_all(last_words());
    ::_exit(1);
}

std::uint64_t cpu_us() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    return processor_time_us(used);
}

/// Programs by their text, those not used for longest leaving first.
class program_cache {
public:
    jq_program& get(std::string_view text) {
        if (const auto found = places_.find(text); found != places_.end()) {
            programs_.splice(programs_.begin(), programs_, found->second);
            return programs_.front().program;
        }
        if (programs_.size() >= compiled_max) {
            places_.erase(programs_.back().text);
            programs_.pop_back();
        }
        programs_.emplace_front(text);
        places_.emplace(programs_.front().text, programs_.begin());
        return programs_.front().program;
    }

private:
    struct entry {
        explicit entry(std::string_view of) : text(of), program(of) {}

        std::string text;
        jq_program program;
    };

    std::list<entry> programs_;
    std::map<std::string_view, std::list<entry>::iterator> places_; ///< Keys lie in the entries.
};

class child {
public:
    explicit child(const limits& bounds) : bounds_(bounds) {}

    [[noreturn]] void serve() {
        for (;;) {
            answer_request();
            ::setitimer(ITIMER_REAL, &never, nullptr);
            if (is_spent())
                leave(); // the engine begins another
        }
    }

private:
    static constexpr itimerval never{};

    void answer_request() {
        char bytes[sizeof(frame_head)];
        read_all(bytes, sizeof bytes);
        const auto head = read_frame_head({bytes, sizeof bytes}, request_bytes_max);
        if (!head)
            ::_exit(2);
        std::string payload(head->bytes, '\0');
        read_all(payload.data(), payload.size());
        const auto texts = read_frame_texts(*head, payload);
        if (!texts)
            ::_exit(2);
        if (head->kind == frame_kind::compile && texts->size() == 1)
            compile(texts->front());
        else if (head->kind == frame_kind::run && texts->size() >= 4)
            run(*texts);
        else
            ::_exit(2);
    }

    void compile(std::string_view text) {
        say(frame_kind::ready, {});
        watch(bounds_.time);
        const std::string& problem = programs_.get(text).problem();
        if (problem.empty())
            say(frame_kind::results, {});
        else
            say_one(frame_kind::problem, problem);
    }

    void run(const std::vector<std::string_view>& texts) {
        watch(reading_time(bounds_, texts[0].size()));
        const jq_input input{{texts[0], texts[1], texts[2], texts[3]}};
        if (!input.problem().empty()) {
            say_one(frame_kind::unreadable, input.problem());
            return;
        }
        say(frame_kind::ready, {});
        for (std::size_t at = 4; at < texts.size(); ++at) {
            watch(bounds_.time);
            jq_program& program = programs_.get(texts[at]);
            const jq_outcome outcome =
                program.problem().empty() ? program.run(input, bounds_.result_bytes) : program.problem();
            if (const auto* const results = std::get_if<std::vector<std::string>>(&outcome))
                say(frame_kind::results, {results->begin(), results->end()});
            else
                say_one(frame_kind::problem, std::get<std::string>(outcome));
        }
    }

    /// A process whose daemon is gone, or stopped, ends by itself (SIGALRM) some time after the daemon would
    /// have ended it.
    static void watch(std::chrono::milliseconds time) {
        const auto bound = time + std::chrono::seconds{1};
        const auto seconds = std::chrono::floor<std::chrono::seconds>(bound);
        itimerval once{};
        once.it_value.tv_sec = seconds.count();
        once.it_value.tv_usec = std::chrono::microseconds{bound - seconds}.count();
        ::setitimer(ITIMER_REAL, &once, nullptr);
    }

    static void say(frame_kind kind, const std::vector<std::string_view>& texts) {
        write_all(frame_begin(kind, texts, cpu_us()));
        std::for_each(texts.begin(), texts.end(), write_all);
    }

    static void say_one(frame_kind kind, std::string_view text) { say(kind, {text}); }

    /// Memory that was used once and lies in pieces would one day be missing.
    bool is_spent() const {
        const auto held = [] {
            const struct mallinfo2 now = ::mallinfo2();
            return now.arena + now.hblkhd;
        };
        const std::uint64_t allowed = bounds_.memory_bytes / 4;
        if (held() <= allowed)
            return false;
        ::malloc_trim(0);
        return held() > allowed;
    }

    const limits bounds_;
    program_cache programs_;
};

bool parse(const char* text, std::uint64_t& into) {
    const char* const end = text + std::strlen(text);
    const auto [rest, error] = std::from_chars(text, end, into);
    return error == std::errc{} && rest == end && into > 0;
}

bool limit(__rlimit_resource what, rlim_t most) {
    rlimit now{};
    if (::getrlimit(what, &now) != 0)
        return false;
    now.rlim_cur = std::min(most, now.rlim_max);
    now.rlim_max = now.rlim_cur;
    return ::setrlimit(what, &now) == 0;
}

/// Where cores go to a program, a limit of 0 doesn't hold, and 1 does (core(5)).
constexpr rlim_t core_bytes = 1;

bool limit_everything(const limits& bounds) {
    const bool is_bounded = limit(RLIMIT_CORE, core_bytes) && limit(RLIMIT_FSIZE, 0);
#ifdef OUTREACHD_SANITIZED
    (void)bounds; // by the sanitizer: see process.cpp
    (void)stack_bytes;
    return is_bounded;
#else
    return is_bounded && limit(RLIMIT_STACK, stack_bytes) && limit(RLIMIT_AS, bounds.memory_bytes);
#endif
}

} // namespace

bool is_child(int argc, char** argv) noexcept {
    has_asked = true;
    return argc == 5 && std::strcmp(argv[1], child_flag) == 0;
}

bool is_ready_for_children() noexcept {
    return has_asked;
}

std::vector<std::string> child_arguments(const limits& bounds) {
    return {"outreachd-jq", child_flag, std::to_string(bounds.time.count()),
            std::to_string(bounds.memory_bytes), std::to_string(bounds.result_bytes)};
}

int run_child(int argc, char** argv) noexcept {
    struct stat input {};

    std::uint64_t time_ms = 0;
    limits bounds;
    const bool is_engine_there = ::fstat(engine_socket, &input) == 0 && S_ISSOCK(input.st_mode);
    if (argc != 5 || !parse(argv[2], time_ms) || !parse(argv[3], bounds.memory_bytes) ||
        !parse(argv[4], bounds.result_bytes) || !is_engine_there) {
        std::fputs("outreachd: --jq-process is for outreachd itself\n", stderr);
        return 64;
    }
    bounds.time = std::chrono::milliseconds{time_ms};
    if (!limit_everything(bounds))
        return unlimited_status;
    ::prctl(PR_SET_NAME, "outreachd-jq"); // or `top` calls it "exe"
    last_words();
    on_jq_out_of_memory(die_of_memory);
    try {
        child{bounds}.serve();
    } catch (const std::bad_alloc&) {
        die_of_memory(nullptr);
    } catch (...) {
        return 3;
    }
}

} // namespace outreachd::expression
