/// The hostile requests whose chunks are at fault.
#include "tests/hostile_requests.hpp"

namespace outreachd::tests {

using namespace std::string_literals;

namespace {

void add_sizes(std::vector<wire_request>& all) {
    const auto refuse = [&all](const std::string& label, const std::string& size_line) {
        all.push_back({"chunk size: " + label,
                       chunked(size_line + std::string{wire_body} + "\r\n" + last_chunk),
                       {400}});
    };
    const std::string size = one_chunk().substr(0, 2);
    for (const std::string& line : {"\r\n"s,
                                    "0x"s + size + "\r\n",
                                    "+"s + size + "\r\n",
                                    "-"s + size + "\r\n",
                                    " "s + size + "\r\n",
                                    "\t"s + size + "\r\n",
                                    size + " \r\n",
                                    size + "\t\r\n",
                                    size + "\xA0\r\n",
                                    size + "h\r\n",
                                    "g\r\n"s,
                                    "4_A\r\n"s,
                                    "4 A\r\n"s,
                                    "\""s + size + "\"\r\n",
                                    size + ".0\r\n",
                                    size + "#\r\n",
                                    size + ",0\r\n",
                                    size + "\0\r\n"s,
                                    ";a=b\r\n"s,
                                    "x"s + size + "\r\n"})
        refuse(shown(line.substr(0, line.size() - 2)), line);
    refuse("17 digits", "000000000000000" + size + "\r\n");
    refuse("wraps around to the right size", "100000000000000" + size + "\r\n");
    refuse("bare LF", size + "\n");
    refuse("bare CR", size + "\r");
    refuse("two CRs", size + "\r\r\n");
    refuse("LF, then CR", size + "\n\r");
    refuse("line before", "\r\n" + size + "\r\n");
}

void add_extensions(std::vector<wire_request>& all) {
    for (const std::string& extension :
         {";"s,           ";;"s,          ";a;"s,         ";=b"s,   ";a="s,         ";a==b"s,     " ;a=b"s,
          "; a=b"s,       ";a =b"s,       ";a= b"s,       ";a=b "s, ";a=\"b"s,      ";a=\"b\"c"s, ";a=\"b\\"s,
          ";a=b\0"s,      ";a=\"\x01\""s, ";a=b\rc"s,     ";a\nb"s, ";a=\"b\nc\""s, ";a=b,c"s,    ";a(b)=c"s,
          ";\xC3\xA9=b"s, ";a=\xC3\xA9"s, ";a=\"\x7F\""s, "a=b"s})
        all.push_back({"chunk extension: " + shown(extension),
                       chunked(one_chunk(extension + "\r\n") + last_chunk),
                       {400}});
    all.push_back({"chunk extension: ends in a bare LF", chunked(one_chunk(";a=b\n") + last_chunk), {400}});
    all.push_back({"chunk extension: hides a chunk behind a bare LF",
                   chunked("2;\nxx\r\n4A\r\n" + one_chunk() + last_chunk),
                   {400}});
}

void add_data(std::vector<wire_request>& all) {
    const std::string body{wire_body};
    const std::string size = one_chunk().substr(0, 2);
    const auto refuse = [&all](const char* label, const std::string& coded) {
        all.push_back({"chunk data: "s + label, chunked(coded), {400}});
    };
    refuse("one byte more than its size", size + "\r\n" + body + "x\r\n" + last_chunk);
    refuse("one byte less than its size", size + "\r\n" + body.substr(1) + "\r\n" + last_chunk);
    refuse("ends in a bare LF", size + "\r\n" + body + "\n" + last_chunk);
    refuse("ends in a bare CR", size + "\r\n" + body + "\r" + last_chunk);
    refuse("ends in LF and CR", size + "\r\n" + body + "\n\r" + last_chunk);
    refuse("ends in other two bytes", size + "\r\n" + body + "xx" + last_chunk);
    refuse("ends in nothing", size + "\r\n" + body + last_chunk);
    refuse("a line between chunks", one_chunk() + "\r\n" + last_chunk);
    refuse("last chunk ends in a bare LF", one_chunk() + "0\n\r\n");
    refuse("last chunk and two CRs", one_chunk() + "0\r\r\n\r\n");
    refuse("last chunk, then a space", one_chunk() + "0 \r\n\r\n");
    refuse("no chunk at all", "GET / HTTP/1.1\r\n\r\n");
    refuse("not chunked at all", body);
}

void add_trailers(std::vector<wire_request>& all) {
    for (const std::string& trailer :
         {"Content-Length: 5\r\n"s,
          "content_length: 5\r\n"s,
          "Transfer-Encoding: chunked\r\n"s,
          "Host: evil\r\n"s,
          "Outreach-Webhook-Signature: "s + std::string{signature_place} + "\r\n",
          "outreach_webhook_signature: x\r\n"s,
          "Outreach-Webhook-Event-Id: x\r\n"s,
          "Connection: close\r\n"s,
          "Content-Type: text/plain\r\n"s,
          "Content-Encoding: gzip\r\n"s,
          "Authorization: x\r\n"s,
          "Trailer: x\r\n"s,
          "TE: trailers\r\n"s,
          "X-A : b\r\n"s,
          " X-A: b\r\n"s,
          "X-A: b\r\n c\r\n"s,
          "X-A: b\n"s,
          "X-A: b\r"s,
          "X-A: b\0\r\n"s,
          "X-A\r\n"s,
          ": b\r\n"s,
          "X-\xC3\xA9: b\r\n"s,
          "\n"s,
          "GET / HTTP/1.1\r\n"s,
          "X-A: b\x7F\r\n"s})
        all.push_back(
            {"trailer: " + shown(trailer), chunked(one_chunk() + "0\r\n" + trailer + "\r\n"), {400}});
    all.push_back({"trailer: the empty line ends in a bare CR", chunked(one_chunk() + "0\r\n\rx"), {400}});
}

} // namespace

std::vector<wire_request> hostile_chunks() {
    std::vector<wire_request> all;
    add_sizes(all);
    add_extensions(all);
    add_data(all);
    add_trailers(all);
    return all;
}

} // namespace outreachd::tests
