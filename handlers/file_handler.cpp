/// The `file` handler: appends each event to a file as one line of JSON.
#include "handlers/file_handler.hpp"

#include "handlers/event_line.hpp"
#include "handlers/line_file.hpp"

namespace outreachd::handlers {

namespace {

class file_handler final : public handler {
public:
    explicit file_handler(const settings::file_handler& configured)
        : lines_(configured.path, configured.fsync) {}

    /// Every failure may pass: room is made, a directory created, a mode changed.
    outcome handle(const attempt& what) override {
        if (auto problem = lines_.append(event_line(*what.subject, what.delivery)))
            return outcome::retry(std::move(*problem));
        return outcome::done();
    }

    void reopen() override { lines_.reopen(); }

private:
    line_file lines_;
};

} // namespace

std::unique_ptr<handler> make_file_handler(const settings::file_handler& configured) {
    return std::make_unique<file_handler>(configured);
}

} // namespace outreachd::handlers
