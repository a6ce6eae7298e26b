/// Reads the store's file in use, and follows the writer to a fresh one.
#pragma once

#include "daemon/store/database.hpp"
#include "daemon/store/search_pace.hpp"
#include "daemon/store/store.hpp"
#include "daemon/store/writer.hpp"

namespace outreachd::store {

/// The reader that `store::open_reader` gives. The writer and the watcher outlive it.
class sqlite_reader final : public reader {
public:
    sqlite_reader(const file_set& files, writer& owner, observer& watcher,
                  std::atomic<std::uint64_t>& damaged, std::chrono::milliseconds list_time_max);

    result<sequence> routed_up_to() override;
    result<events_of_resource> next_of_resource(std::string_view resource, sequence after) override;
    result<std::vector<stored_event>> events_after(sequence after, std::size_t limit,
                                                   std::size_t bytes_max) override;
    result<stored_event> event_at(sequence at) override;
    result<std::vector<std::optional<unfinished_event>>> unfinished_events(std::string_view handler,
                                                                           std::span<const sequence> places,
                                                                           std::size_t bytes_max) override;
    result<std::vector<unfinished_delivery>> unfinished(std::string_view handler, sequence after,
                                                        std::size_t limit) override;
    result<std::vector<std::string>> step_results(std::string_view handler, sequence at) override;
    result<found_list<event_record>> list(const event_filter& what) override;
    result<found_list<dead_delivery>> list_dead(const dead_filter& what) override;
    result<event_id> event_of_dead(const event_id& delivery) override;
    result<event_story> story(const event_id& id) override;

private:
    /// Runs `read`, which may throw database_error, on the file in use. `is_for_dispatch`: not while
    /// unfinished events are still being carried over.
    template <typename Read>
    auto guarded(bool is_for_dispatch, Read read) -> result<decltype(read())>;
    void follow_writer();
    void close() noexcept;
    stored_event checked(const statement& row);

    // Of list and story.
    static const char* summary_sql();
    static event_record summary_of_row(const statement& row);
    static bool may_fit(const statement& summary, std::string_view name, std::string_view resource);
    static event_state state_of(const std::vector<delivery_record>& rows);
    std::vector<delivery_record> rows_of(const event_record& of);
    void read_deliveries(event_record& of);

    /// Looks at a summary. True: that is enough.
    using summary_look = std::function<bool(const statement&)>;
    void look_at_all(sequence below, sequence lowest, search_pace& pace, const summary_look& look);
    void look_at_rare(const event_filter& what, sequence below, sequence lowest, search_pace& pace,
                      const summary_look& look);
    std::vector<sequence> next_rare(const event_filter& what, sequence below, sequence lowest,
                                    search_pace& pace);

    struct dead_row {
        sequence event;
        std::int64_t handler;
    };

    std::optional<dead_row> dead_row_of(const event_id& delivery);
    std::vector<dead_row> next_dead(const dead_filter& what, const dead_row& behind);
    std::optional<dead_delivery> dead_at(const dead_row& where, std::string_view name = {},
                                         std::string_view resource = {});
    std::optional<sequence> sequence_of(const event_id& id);
    void read_attempts(event_story& of);

    const file_set& files_;
    writer& writer_;
    observer& watcher_;
    std::atomic<std::uint64_t>& damaged_;
    const std::chrono::milliseconds list_time_max_;
    std::int64_t file_ = 0;
    std::unique_ptr<database> database_;

    /// Of `database_`; each is prepared when it is first needed.
    struct kept_statements {
        std::unique_ptr<statement> unfinished_event;
        std::unique_ptr<statement> summary;
        std::unique_ptr<statement> deliveries;
        std::unique_ptr<statement> handler_name;
    };

    kept_statements kept_;
};

} // namespace outreachd::store
