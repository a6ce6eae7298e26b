/// Gives each file of a folder to a fuzz target, as libFuzzer would: what was found once stays mended.
///
///     replay_NAME FOLDER      aborts at the first file that the target complains of, and names it
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include <unistd.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::string given; // the file the target has now

void name_the_file(int) {
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, given.data(), given.size());
}

} // namespace

int main(int count, char** arguments) {
    if (count != 2) {
        std::cerr << "usage: " << arguments[0] << " FOLDER\n";
        return 64;
    }
    std::signal(SIGABRT, name_the_file);
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(arguments[1])) {
        given = "failed on " + entry.path().string() + "\n";
        std::ifstream stream(entry.path(), std::ios::binary);
        const std::string bytes(std::istreambuf_iterator<char>(stream), {});
        LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
        ++files;
    }
    std::cout << files << " files\n";
    return files > 0 ? 0 : 1;
}
