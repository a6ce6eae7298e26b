/// Requests that are unusual and unambiguous, and must be served.
#include "tests/hostile_requests.hpp"

namespace outreachd::tests {

using namespace std::string_literals;

namespace {

/// Every byte of the body a chunk of its own.
std::string one_byte_chunks() {
    std::string coded;
    for (const char c : wire_body)
        coded += "1\r\n"s + c + "\r\n";
    return coded + last_chunk;
}

void add_odd_fields(std::vector<wire_request>& all) {
    const auto serve = [&all](const char* label, const std::string& fields) {
        all.push_back({"served: "s + label, post(fields), {200}});
    };
    serve("nothing odd", "");
    serve("as Outreach's own", "User-Agent: Ruby\r\nAccept: */*\r\nContent-Type: application/vnd.api+json\r\n"
                               "Accept-Encoding: gzip;q=1.0,deflate;q=0.6,identity;q=0.3\r\n"
                               "Connection: close\r\nOutreach-Webhook-Id: 7\r\n"
                               "outreach-webhook-cleanup-token: x\r\n");
    serve("an empty value", "X-A:\r\n");
    serve("no space behind the colon", "X-A:b\r\n");
    serve("tabs and spaces around the value", "X-A: \t b \t \r\n");
    serve("a tab inside the value", "X-A: b\tc\r\n");
    serve("bytes above ASCII in a value", "X-A: caf\xC3\xA9 \xFF\r\n");
    serve("a colon at the front of a value", "X-A: :b: c\r\n");
    serve("every byte a name may have", "!#$%&'*+-.^_`|~09AZaz: b\r\n");
    serve("a name of one byte", "x: b\r\n");
    serve("an unknown field twice", "X-A: b\r\nX-A: c\r\n");
    serve("a field that ends like a length", "X-Content-Length: 5\r\nContent-Length-Max: 5\r\n");
    serve("a field that ends like a coding", "X-Transfer-Encoding: chunked\r\nTransfer-Encodings: a\r\n");
    serve("X-Forwarded-Host", "X-Forwarded-Host: evil.example\r\n");
    serve("no Content-Type that we know", "Content-Type: text/html; charset=utf-16\r\n");
    serve("a content coding, which is the handlers' matter", "Content-Encoding: gzip\r\n");
    serve("Connection with empty elements", "Connection: ,keep-alive, ,\r\n");
    serve("Connection with an unknown option", "Connection: Keep-Alive, Foo\r\nKeep-Alive: timeout=5\r\n");
    serve("an upgrade to HTTP/2, not taken",
          "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n");
    serve("an upgrade to WebSocket, not taken", "Connection: Upgrade\r\nUpgrade: websocket\r\n");
    serve("TE", "TE: trailers, deflate\r\nConnection: TE\r\n");
    std::string many_fields;
    for (int i = 0; i < 150; ++i)
        many_fields += "X-" + std::to_string(i) + ": a\r\n";
    serve("more fields than many servers take", many_fields);
    serve("Proxy-Connection", "Proxy-Connection: Keep-Alive\r\n");
    const std::size_t head_bytes = post("X-A: \r\n").size() - wire_body.size();
    serve("a head of the greatest size",
          "X-A: " + std::string(wire_head_bytes_max - head_bytes, 'a') + "\r\n");
}

void add_odd_framings(std::vector<wire_request>& all) {
    const auto serve = [&all](const std::string& label, const std::string& bytes) {
        all.push_back({"served: " + label, bytes, {200}});
    };
    const auto serve_host = [&serve](const char* host) {
        serve("Host "s + host, "POST /webhooks/outreach HTTP/1.1\r\nhOST:"s + host + "\r\n" +
                                   signature_field() + length_field() + "\r\n" + std::string{wire_body});
    };
    for (const char* host : {"localhost", " 127.0.0.1:8443", "[::1]", "[::ffff:127.0.0.1]:8443",
                             "a-b_c.example.", "hooks.example.com:", "\t hooks.example.com \t"})
        serve_host(host);
    serve("a query", with_line("POST /webhooks/outreach?a=b&c=%20?/ HTTP/1.1\r\n"));
    serve("an empty query", with_line("POST /webhooks/outreach? HTTP/1.1\r\n"));
    serve("HTTP/1.0", with_line("POST /webhooks/outreach HTTP/1.0\r\n"));
    serve("HTTP/1.0 without Host", "POST /webhooks/outreach HTTP/1.0\r\n" + signature_field() +
                                       length_field() + "\r\n" + std::string{wire_body});
    serve("a length with zeros before it",
          unframed("Content-Length: 000000" + std::to_string(wire_body.size()) + "\r\n"));
    serve("a length in odd case", unframed("cOnTeNt-LeNgTh:\t" + std::to_string(wire_body.size()) + " \r\n"));
    serve("one chunk", chunked(one_chunk() + last_chunk));
    serve("Chunked in odd case", unframed("tRANSFER-eNCODING:  ChUnKeD\t\r\n", one_chunk() + last_chunk));
    serve("a chunk for every byte", chunked(one_byte_chunks()));
    serve("a size with zeros before it", chunked("00000000000000" + one_chunk() + last_chunk));
    serve("a size in lower case", chunked("4a\r\n" + std::string{wire_body} + "\r\n" + last_chunk));
    serve("a last chunk of 16 zeros", chunked(one_chunk() + "0000000000000000\r\n\r\n"));
    serve("extensions", chunked(one_chunk(";a;b=c;d=\"e;\\\"\t\xC3\xA9\"\r\n") + "0;last\r\n\r\n"));
    serve("trailers", chunked(one_chunk() + "0\r\nX-A: b\r\nx-checksum:\r\nX-C: \t d\xFF\r\n\r\n"));
    all.push_back({"served: two at once", post() + post(), {200, 200}});
    all.push_back({"served: chunked, then another", chunked(one_chunk() + last_chunk) + post(), {200, 200}});
    all.push_back({"served: HTTP/1.0 kept open",
                   request_of("POST /webhooks/outreach HTTP/1.0\r\n",
                              "Connection: keep-alive\r\n" + length_field(), wire_body) +
                       post(),
                   {200, 200}});
    all.push_back(
        {"served: closes when asked, and reads no more", post("Connection: close\r\n") + post(), {200}});
    all.push_back(
        {"served: close wins over keep-alive", post("Connection: keep-alive, close\r\n") + post(), {200}});
    all.push_back(
        {"served: another method", request_of("GET /webhooks/outreach HTTP/1.1\r\n", "", ""), {405}});
    all.push_back({"served: a method nobody knows",
                   request_of("M-SEARCH /webhooks/outreach HTTP/1.1\r\n", "", ""),
                   {405}});
    all.push_back(
        {"served: a method in lower case", with_line("post /webhooks/outreach HTTP/1.1\r\n"), {405}});
    all.push_back({"served: another path", with_line("POST /webhooks/outreach/ HTTP/1.1\r\n"), {404}});
    all.push_back({"served: a path with an encoded letter",
                   with_line("POST /webhooks/outr%65ach HTTP/1.1\r\n"),
                   {404}});
    all.push_back(
        {"served: a path with two slashes", with_line("POST //webhooks/outreach HTTP/1.1\r\n"), {404}});
    all.push_back({"served: no body at all", unframed("", ""), {401}});
}

} // namespace

std::vector<wire_request> odd_requests() {
    std::vector<wire_request> all;
    add_odd_fields(all);
    add_odd_framings(all);
    return all;
}

} // namespace outreachd::tests
