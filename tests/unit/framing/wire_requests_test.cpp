/// Every request of the collection, in one piece and cut at every byte, against a server made of
/// nothing but the gate.
#include "daemon/ingress/framing.hpp"
#include "tests/hostile_requests.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

namespace outreachd::ingress {
namespace {

using tests::wire_request;

int status_of(const framing_refusal& refusal) {
    switch (refusal.code) {
    case errc::head_too_large:
        return 431;
    case errc::body_too_large:
        return 413;
    default:
        return 400;
    }
}

bool is_named(std::string_view name, std::string_view lower) {
    return std::equal(name.begin(), name.end(), lower.begin(), lower.end(), [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
    });
}

/// Reads requests off a connection as the daemon does. A signature fits where the placeholder stands
/// before the body that it belongs to.
class toy_server {
public:
    void receive(std::string_view bytes) {
        if (is_closed_)
            return;
        buffer_ += bytes;
        while (!is_closed_ && advance()) {
        }
    }

    const std::vector<int>& answers() const { return answers_; }

    /// Nothing has come of a next request.
    bool is_between_requests() const { return is_closed_ || buffer_.empty(); }

private:
    /// True where it got further.
    bool advance() {
        if (!is_in_body_) {
            switch (gate_.look(buffer_)) {
            case head_state::incomplete:
                return false;
            case head_state::refused:
                return close_with(status_of(gate_.refusal()));
            case head_state::complete:
                break;
            }
            if (gate_.head().framing == body_framing::length &&
                gate_.head().content_length > tests::wire_body_bytes_max)
                return close_with(413);
            take_head();
        }
        if (chunks_) {
            std::string_view rest = buffer_;
            const auto state = chunks_->read(rest, body_);
            buffer_.erase(0, buffer_.size() - rest.size());
            if (state == chunk_reader::state::refused)
                return close_with(status_of(chunks_->refusal()));
            if (state == chunk_reader::state::incomplete)
                return false;
        } else {
            if (buffer_.size() < length_)
                return false;
            body_ = buffer_.substr(0, length_);
            buffer_.erase(0, length_);
        }
        answer();
        return true;
    }

    void take_head() {
        const request_head& head = gate_.head();
        is_post_ = head.method == "POST";
        path_ = head.target.substr(0, head.target.find('?'));
        is_kept_ = head.is_keep_alive;
        signatures_.clear();
        for (const auto& [name, value] : head.fields) {
            if (is_named(name, "outreach-webhook-signature"))
                signatures_.emplace_back(value);
        }
        length_ = head.framing == body_framing::length ? static_cast<std::size_t>(head.content_length) : 0;
        chunks_.reset();
        if (head.framing == body_framing::chunked)
            chunks_.emplace(tests::wire_body_bytes_max, tests::wire_head_bytes_max);
        body_.clear();
        buffer_.erase(0, head.bytes);
        gate_.reset();
        is_in_body_ = true;
    }

    void answer() {
        is_in_body_ = false;
        const bool is_genuine = signatures_.size() == 1 && signatures_.front() == tests::signature_place &&
                                body_ == tests::wire_body;
        if (path_ != tests::wire_path)
            answers_.push_back(404);
        else if (!is_post_)
            answers_.push_back(405);
        else
            answers_.push_back(is_genuine ? 200 : 401);
        is_closed_ = !is_kept_;
    }

    bool close_with(int status) {
        answers_.push_back(status);
        is_closed_ = true;
        return false;
    }

    head_gate gate_{tests::wire_head_bytes_max};
    std::optional<chunk_reader> chunks_;
    std::string buffer_;
    std::string body_;
    std::string path_;
    std::vector<std::string> signatures_;
    std::size_t length_ = 0;
    bool is_post_ = false;
    bool is_kept_ = true;
    bool is_in_body_ = false;
    bool is_closed_ = false;
    std::vector<int> answers_;
};

void check(const wire_request& request) {
    toy_server at_once;
    at_once.receive(request.bytes);
    EXPECT_EQ(at_once.answers(), request.answers) << request.label;
    EXPECT_TRUE(at_once.is_between_requests()) << request.label;

    toy_server byte_by_byte;
    for (const char c : request.bytes)
        byte_by_byte.receive({&c, 1});
    EXPECT_EQ(byte_by_byte.answers(), request.answers) << request.label << ", byte by byte";
    EXPECT_TRUE(byte_by_byte.is_between_requests()) << request.label << ", byte by byte";
}

TEST(HostileRequests, GetTheirAnswersInOnePieceAndByteByByte) {
    for (const wire_request& request : tests::hostile_requests())
        check(request);
}

TEST(OddRequests, AreServedInOnePieceAndByteByByte) {
    for (const wire_request& request : tests::odd_requests())
        check(request);
}

TEST(HostileRequests, GetTheSameAnswersCutAnywhereInTwo) {
    for (const wire_request& request : tests::hostile_requests()) {
        if (request.bytes.size() > 1000)
            continue; // the long ones test limits, not cuts
        for (std::size_t cut = 1; cut < request.bytes.size(); ++cut) {
            toy_server server;
            server.receive(std::string_view{request.bytes}.substr(0, cut));
            server.receive(std::string_view{request.bytes}.substr(cut));
            ASSERT_EQ(server.answers(), request.answers) << request.label << " cut at " << cut;
        }
    }
}

TEST(HostileRequests, AreManyAndLabelled) {
    std::set<std::string> labels;
    std::size_t refused = 0;
    for (const wire_request& request : tests::hostile_requests()) {
        EXPECT_TRUE(labels.insert(request.label).second) << request.label;
        refused += request.answers.front() == 200 ? 0U : 1U;
    }
    EXPECT_GE(refused, 120U);
    RecordProperty("refused", static_cast<int>(refused));
    for (const wire_request& request : tests::odd_requests())
        EXPECT_TRUE(labels.insert(request.label).second) << request.label;
}

} // namespace
} // namespace outreachd::ingress
