#include "daemon/expression/engine.hpp"

#include "daemon/expression/process.hpp"

#include <algorithm>
#include <cassert>
#include <condition_variable>
#include <mutex>
#include <system_error>

namespace outreachd::expression {

namespace {

using cause = process_end::cause;
using time_point = process::time_point;

time_point after(std::chrono::milliseconds time) {
    return std::chrono::steady_clock::now() + time;
}

answer failed(std::string why, bool is_transient = false) {
    return {{}, std::move(why), is_transient};
}

answer failed(std::string_view what, const process_end& end) {
    return failed("jq: " + std::string{what} + " " + end.text,
                  end.why == cause::starved || end.why == cause::outside);
}

std::string not_begun(const std::error_code& why) {
    return "can't start a process for jq: " + why.message() +
           "; look at the limits on processes, open files and memory (TasksMax=, LimitNOFILE=, MemoryMax= of "
           "the service)";
}

/// One request, over as many processes as its programs need.
class request {
public:
    request(std::span<const std::string> programs, const view& what, const limits& bounds)
        : programs_(programs), view_(what), bounds_(bounds) {}

    bool is_answered() const { return answers_.size() == programs_.size(); }

    /// Runs what isn't answered yet, up to the end of the process or of the request.
    void run_in(process& with) {
        std::vector<std::string_view> texts{view_.body, view_.event, view_.steps, view_.item};
        texts.insert(texts.end(), programs_.begin() + static_cast<std::ptrdiff_t>(answers_.size()),
                     programs_.end());
        const time_point deadline = after(reading_time(bounds_, view_.body.size()));
        if (!with.send(frame_kind::run, texts, deadline)) {
            blame("the event", with.end(), true);
            return;
        }
        const auto first = with.receive(deadline);
        if (!first)
            blame("the event", with.end(), true);
        else if (first->kind == frame_kind::unreadable)
            fail_rest(failed("jq: " + first->texts.front()));
        else
            take_answers(with);
    }

    /// No process can be begun.
    void give_up(const std::error_code& why) { fail_rest(failed(not_begun(why), true)); }

    std::vector<answer> take() && { return std::move(answers_); }

private:
    void take_answers(process& with) {
        while (!is_answered()) {
            auto said = with.receive(after(bounds_.time));
            if (!said) {
                blame("the program", with.end(), false);
                return;
            }
            if (said->kind == frame_kind::results)
                answers_.push_back({std::move(said->texts), {}, false});
            else
                answers_.push_back(failed(said->texts.empty() ? "jq failed" : said->texts.front()));
            has_tried_again_ = false;
        }
    }

    /// The process has ended. What was killed from outside is tried once more: it may well be innocent.
    void blame(std::string_view what, const process_end& end, bool concerns_all) {
        if (end.why == cause::outside && !has_tried_again_) {
            has_tried_again_ = true;
            return;
        }
        has_tried_again_ = false;
        if (concerns_all)
            fail_rest(failed(what, end));
        else
            answers_.push_back(failed(what, end));
    }

    void fail_rest(const answer& with) { answers_.resize(programs_.size(), with); }

    std::span<const std::string> programs_;
    const view& view_;
    const limits& bounds_;
    std::vector<answer> answers_;
    bool has_tried_again_ = false;
};

} // namespace

class engine::pool {
public:
    pool(std::size_t processes_max, limits bounds)
        : bounds_(bounds), free_(std::max<std::size_t>(processes_max, 1)) {}

    const limits& bounds() const { return bounds_; }

    /// A place for one process, held while this lives; the process stays for the next holder.
    class place {
    public:
        explicit place(pool& of) : pool_(of) {
            std::unique_lock lock(pool_.mutex_);
            pool_.is_free_.wait(lock, [&] { return pool_.free_ > 0; });
            --pool_.free_;
            if (pool_.idle_.empty())
                return;
            held_ = std::move(pool_.idle_.back()); // the last one used: the others may rest
            pool_.idle_.pop_back();
        }

        ~place() {
            {
                const std::lock_guard lock(pool_.mutex_);
                if (held_)
                    pool_.idle_.push_back(std::move(held_));
                ++pool_.free_;
            }
            pool_.is_free_.notify_one();
        }

        place(const place&) = delete;
        place& operator=(const place&) = delete;

        /// Begins one where there is none. Nothing, with `ec` set, where that can't be done.
        process* get(std::error_code& ec) {
            if (!held_ || !held_->is_there())
                held_ = process::begin(pool_.bounds_, ec);
            return held_.get();
        }

    private:
        pool& pool_;
        std::unique_ptr<process> held_;
    };

private:
    const limits bounds_;
    std::mutex mutex_;
    std::condition_variable is_free_;
    std::size_t free_; ///< Places. With `idle_` guarded by `mutex_`.
    std::vector<std::unique_ptr<process>> idle_;
};

engine::engine(std::size_t processes_max, limits bounds)
    : pool_(std::make_unique<pool>(processes_max, bounds)) {}

engine::~engine() = default;

std::vector<answer> engine::run(std::span<const std::string> programs, const view& what) {
    request all{programs, what, pool_->bounds()};
    if (all.is_answered())
        return {};
    pool::place in{*pool_};
    while (!all.is_answered()) {
        std::error_code ec;
        if (process* const with = in.get(ec))
            all.run_in(*with);
        else
            all.give_up(ec);
    }
    return std::move(all).take();
}

std::optional<std::string> engine::refuse(const std::string& program) {
    const std::string_view text = program;
    pool::place in{*pool_};
    process_end end;
    // A busy machine mustn't make a program wrong: compiling one takes a fiftieth of the time.
    constexpr int tries_max = 10;
    for (int tries = 0; tries < tries_max; ++tries) {
        std::error_code ec;
        process* const with = in.get(ec);
        if (with == nullptr)
            return not_begun(ec);
        const time_point start = after(reading_time(pool_->bounds(), 0));
        if (with->send(frame_kind::compile, {&text, 1}, start) && with->receive(start))
            if (const auto said = with->receive(after(pool_->bounds().time)))
                return said->texts.empty() ? std::nullopt : std::optional{said->texts.front()};
        end = with->end();
        if (end.why != cause::starved && end.why != cause::outside)
            break;
    }
    return failed("the program", end).problem;
}

} // namespace outreachd::expression
