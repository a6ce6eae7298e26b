/// Walks a webhook's body once, without building a tree, and keeps the few values that are wanted.
#include "daemon/event/event_reader.hpp"

#include "daemon/text/hex_digit.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <array>
#include <optional>

namespace outreachd {

namespace {

namespace json = boost::json;

constexpr std::size_t name_bytes_max = 255;

/// `meta` as it stands at one of its two places. Empty where absent or no string.
struct meta_texts {
    std::string event_name;
    std::string delivered_at;
    std::string job_id;
};

struct data_texts {
    std::string type;
    std::string id;
    meta_texts meta;
};

/// What the parser calls. Strings may come in parts; numbers come as their text, untouched.
class fact_handler {
public:
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);

    bool on_document_begin(json::error_code&) { return true; }

    bool on_document_end(json::error_code&) { return true; }

    bool on_object_begin(json::error_code& ec) {
        is_object_ = is_object_ || depth_ == 0;
        return enter(depth_ == 0 ? place::document : next_, ec);
    }

    bool on_object_end(std::size_t, json::error_code&) { return leave(); }

    bool on_array_begin(json::error_code& ec) { return enter(place::elsewhere, ec); }

    bool on_array_end(std::size_t, json::error_code&) { return leave(); }

    bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
        key_.append(part.data(), part.size());
        return true;
    }

    bool on_key(json::string_view part, std::size_t, json::error_code&) {
        key_.append(part.data(), part.size());
        choose(key_);
        key_.clear();
        return true;
    }

    bool on_string_part(json::string_view part, std::size_t, json::error_code&) {
        if (wanted_ != nullptr)
            wanted_->append(part.data(), part.size());
        return true;
    }

    bool on_string(json::string_view part, std::size_t size, json::error_code& ec) {
        on_string_part(part, size, ec);
        return skip();
    }

    bool on_number_part(json::string_view part, json::error_code&) {
        if (takes_numbers_)
            wanted_->append(part.data(), part.size());
        return true;
    }

    bool on_int64(std::int64_t, json::string_view text, json::error_code& ec) { return end_number(text, ec); }

    bool on_uint64(std::uint64_t, json::string_view text, json::error_code& ec) {
        return end_number(text, ec);
    }

    bool on_double(double, json::string_view text, json::error_code& ec) { return end_number(text, ec); }

    bool on_bool(bool, json::error_code&) { return skip(); }

    bool on_null(json::error_code&) { return skip(); }

    bool on_comment_part(json::string_view, json::error_code&) { return true; }

    bool on_comment(json::string_view, json::error_code&) { return true; }

    bool is_object() const noexcept { return is_object_; }

    data_texts& data() noexcept { return data_; }

    meta_texts& meta() noexcept { return meta_; }

private:
    /// The objects whose keys matter.
    enum class place : std::uint8_t { elsewhere, document, data, meta, meta_in_data };

    bool enter(place inner, json::error_code& ec) {
        if (depth_ == places_.size()) { // the parser's own limit comes first
            ec = json::error::too_deep;
            return false;
        }
        places_[depth_++] = inner;
        return skip();
    }

    bool leave() noexcept {
        --depth_;
        return skip();
    }

    /// Nothing is wanted until the next key says so.
    bool skip() noexcept {
        wanted_ = nullptr;
        takes_numbers_ = false;
        next_ = place::elsewhere;
        return true;
    }

    bool end_number(json::string_view text, json::error_code& ec) {
        on_number_part(text, ec);
        return skip();
    }

    /// Decides what becomes of the value behind `key`. What an earlier one of the same key left is
    /// dropped: the last counts.
    void choose(std::string_view key) {
        skip();
        switch (places_[depth_ - 1]) {
        case place::elsewhere:
            return;
        case place::document:
            if (key == "data") {
                data_ = {};
                next_ = place::data;
            } else if (key == "meta") {
                meta_ = {};
                next_ = place::meta;
            }
            return;
        case place::data:
            if (key == "type") {
                want(data_.type);
            } else if (key == "id") {
                want(data_.id);
                takes_numbers_ = true;
            } else if (key == "meta") {
                data_.meta = {};
                next_ = place::meta_in_data;
            }
            return;
        case place::meta:
            return choose_of_meta(key, meta_);
        case place::meta_in_data:
            return choose_of_meta(key, data_.meta);
        }
    }

    void choose_of_meta(std::string_view key, meta_texts& meta) {
        if (key == "eventName")
            want(meta.event_name);
        else if (key == "deliveredAt")
            want(meta.delivered_at);
        else if (key == "jobId")
            want(meta.job_id);
    }

    void want(std::string& text) {
        text.clear();
        wanted_ = &text;
    }

    data_texts data_;
    meta_texts meta_;
    std::array<place, json_depth_max> places_{};
    std::size_t depth_ = 0;
    place next_ = place::elsewhere; ///< What the object behind the key just read would be.
    std::string* wanted_ = nullptr; ///< Where the scalar behind that key goes.
    bool takes_numbers_ = false;
    bool is_object_ = false;
    std::string key_;
};

/// Short enough for every place that a name goes to, and without control characters (C1 too): names
/// are shown on terminals, in logs and in headers.
bool is_presentable(std::string_view text) noexcept {
    if (text.empty() || text.size() > name_bytes_max)
        return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte < 0x20 || byte == 0x7F)
            return false;
        const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
        if (byte == 0xC2 && next >= 0x80 && next <= 0x9F)
            return false;
    }
    return true;
}

std::string& first_given(std::string& outer, std::string& inner) noexcept {
    return outer.empty() ? inner : outer;
}

/// The code unit of the escape `\uXXXX` at `at`; nothing where none stands there.
std::optional<unsigned> escaped_unit(std::string_view text, std::size_t at) noexcept {
    if (text.size() < 6 || at > text.size() - 6 || text[at] != '\\' || text[at + 1] != 'u')
        return std::nullopt;
    unsigned unit = 0;
    for (std::size_t i = at + 2; i < at + 6; ++i) {
        const auto digit = hex_digit(text[i]);
        if (!digit)
            return std::nullopt;
        unit = unit << 4 | *digit;
    }
    return unit;
}

/// Halves of surrogate pairs, which are JSON by its grammar and cut-off texts end in, replaced by U+FFFD;
/// nothing where there are none.
std::optional<std::string> with_halves_replaced(std::string_view text) {
    std::optional<std::string> mended;
    for (std::size_t at = text.find('\\'); at != std::string_view::npos; at = text.find('\\', at)) {
        const auto unit = escaped_unit(text, at);
        if (!unit) {
            at += 2; // another escape
            continue;
        }
        const bool is_high = *unit >= 0xD800 && *unit <= 0xDBFF;
        const auto next = is_high ? escaped_unit(text, at + 6) : std::nullopt;
        if (next && *next >= 0xDC00 && *next <= 0xDFFF) {
            at += 12;
            continue;
        }
        if (*unit >= 0xD800 && *unit <= 0xDFFF) {
            if (!mended)
                mended.emplace(text);
            mended->replace(at, 6, "\\uFFFD");
        }
        at += 6;
    }
    return mended;
}

event_facts read_facts(std::string_view body) {
    event_facts facts;
    facts.name = unknown_event_name;

    json::parse_options options;
    options.max_depth = json_depth_max;
    json::basic_parser<fact_handler> parser{options};
    json::error_code ec;
    const std::size_t taken = parser.write_some(false, body.data(), body.size(), ec);
    fact_handler& read = parser.handler();
    if (ec || taken != body.size() || !read.is_object())
        return facts;

    facts.is_readable = true;
    facts.resource_id = std::move(read.data().id);
    facts.job_id = std::move(first_given(read.meta().job_id, read.data().meta.job_id));
    facts.delivered_at =
        parse_timestamp(first_given(read.meta().delivered_at, read.data().meta.delivered_at));

    std::string& name = first_given(read.meta().event_name, read.data().meta.event_name);
    if (is_presentable(name)) {
        const std::size_t dot = name.find('.');
        facts.resource = name.substr(0, dot);
        if (dot != std::string::npos)
            facts.action = name.substr(dot + 1);
        facts.name = std::move(name);
    } else if (is_presentable(read.data().type)) {
        facts.resource = std::move(read.data().type);
    }
    return facts;
}

} // namespace

event_facts read_event(std::string_view body) {
    event_facts facts = read_facts(body);
    if (!facts.is_readable)
        if (const auto mended = with_halves_replaced(body)) // Boost.JSON refuses them
            facts = read_facts(*mended);
    return facts;
}

} // namespace outreachd
