/// Beast reads the head once more; only here is Beast used.
#include "daemon/ingress/request.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include <limits>

namespace outreachd::ingress {
namespace {

namespace http = boost::beast::http;

/// Keeps nothing: what Beast makes of the framing is all we ask.
class framing_reader final : public http::basic_parser<true> {
public:
    framing_reader() {
        header_limit(std::numeric_limits<std::uint32_t>::max());
        body_limit(boost::none);
    }

    /// True where `bytes` are one whole head and nothing else.
    bool read(std::string_view bytes) {
        boost::beast::error_code ec;
        const std::size_t used = put(boost::asio::buffer(bytes.data(), bytes.size()), ec);
        return !ec && used == bytes.size() && is_header_done();
    }

private:
    using error_code = boost::beast::error_code;
    using string_view = boost::beast::string_view;
    using optional_length = boost::optional<std::uint64_t>;

    void on_request_impl(http::verb, string_view, string_view, int, error_code&) override {}

    void on_response_impl(int, string_view, int, error_code&) override {}

    void on_field_impl(http::field, string_view, string_view, error_code&) override {}

    void on_header_impl(error_code&) override {}

    void on_body_init_impl(const optional_length&, error_code&) override {}

    std::size_t on_body_impl(string_view body, error_code&) override { return body.size(); }

    void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}

    std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override {
        return body.size();
    }

    void on_finish_impl(error_code&) override {}
};

} // namespace

bool second_opinion_agrees(std::string_view head_bytes, const request_head& head) {
    framing_reader beast;
    if (!beast.read(head_bytes))
        return false;
    if (beast.chunked() != (head.framing == body_framing::chunked))
        return false;
    const auto length = beast.content_length();
    return head.framing == body_framing::length ? length.has_value() && *length == head.content_length
                                                : !length.has_value() || *length == 0;
}

} // namespace outreachd::ingress
