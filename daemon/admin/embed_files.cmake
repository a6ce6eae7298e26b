# Writes a C++ source that holds files byte for byte: no program may have to look for its pages.
#
#   cmake -D OUTPUT=dashboard_files.cpp -D FOLDER=dashboard -D FILES=index.html,dashboard.css -P embed_files.cmake
string(REPLACE "," ";" names "${FILES}")
set(arrays "")
set(entries "")
set(number 0)
foreach(name IN LISTS names)
  file(READ "${FOLDER}/${name}" bytes HEX)
  if(bytes STREQUAL "")
    message(FATAL_ERROR "${FOLDER}/${name} is empty")
  endif()
  # Lines of 32 bytes; a byte over 127 doesn't fit a char without being told to.
  string(REGEX REPLACE "(................................................................)" "\\1\n" bytes "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND arrays "constexpr unsigned char file_${number}[] = {\n${bytes}};\n")
  string(APPEND entries "    dashboard_file{\"${name}\", text_of(file_${number})},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE "${OUTPUT}" "/// Made by embed_files.cmake: the files of the dashboard.
#include \"daemon/admin/dashboard_files.hpp\"

namespace outreachd::admin {

namespace {

${arrays}
template <std::size_t size>
std::string_view text_of(const unsigned char (&bytes)[size]) noexcept {
    return {reinterpret_cast<const char*>(bytes), size};
}

} // namespace

std::span<const dashboard_file> dashboard_files() noexcept {
    static const dashboard_file all[] = {
${entries}    };
    return all;
}

} // namespace outreachd::admin
")
