"""What the source tree must look like, as data; check_source.py applies it.

A path that ends in `/` is the folder and all below it; `daemon/*` is the files right in daemon/.
"""

# Lowest first. A folder includes itself and lower layers, never a sibling of its own layer.
LAYERS = [
    ["daemon/crypto"],
    ["daemon/text"],
    ["daemon/event"],
    ["daemon/thread"],
    ["daemon/asio", "daemon/log", "daemon/metrics", "daemon/settings", "daemon/store", "daemon/expression",
     "daemon/amqp_connection"],
    ["daemon/signature", "handlers"],
    ["daemon/ingress", "daemon/dispatch", "daemon/admin", "daemon/amqp", "daemon/outreach", "daemon/sandbox"],
    ["daemon", "daemon/command_line"],
]
# The top layer is one: it wires all others together, so its two folders know each other.
TOP_LAYER_IS_ONE = True

# Where a library may be included: start of the header's name -> its homes. Tests are free, since
# they look behind the curtain. A library that isn't the system's and isn't named here is refused.
LIBRARY_HOMES = {
    "yaml-cpp/": ["daemon/settings/"],
    "spdlog/": ["daemon/log/"],
    "fmt/": ["daemon/log/"],
    "sqlite3": ["daemon/store/"],
    "prometheus/": ["daemon/metrics/"],
    "boost/asio": ["daemon/asio/", "daemon/ingress/", "daemon/admin/", "daemon/sandbox/", "daemon/*"],
    "boost/beast": ["daemon/asio/", "daemon/ingress/", "daemon/admin/", "daemon/sandbox/", "daemon/*"],
    "boost/json": ["daemon/event/", "daemon/text/", "daemon/expression/", "daemon/store/token_record.cpp",
                   "daemon/admin/", "daemon/outreach/", "daemon/sandbox/", "daemon/command_line/", "handlers/"],
    "boost/system": ["daemon/", "handlers/"],
    "boost/uuid": ["daemon/event/"],
    "openssl/": ["daemon/crypto/digest.cpp", "daemon/crypto/hmac.cpp", "daemon/signature/", "daemon/ingress/",
                 "daemon/settings/certificate_check.cpp", "daemon/amqp_connection/tls_connect.cpp",
                 "daemon/command_line/https_client.cpp", "daemon/sandbox/proofs.cpp", "daemon/sandbox/deliverer.cpp",
                 "handlers/outreach/app_key.cpp"],
    "CLI/": ["daemon/command_line/"],
    "systemd/": ["daemon/*"],
    "curl/": ["handlers/"],
    "amqp": ["daemon/amqp_connection/"],
    "jq.h": ["daemon/expression/"],
    "jv.h": ["daemon/expression/"],
}
# Headers that come with the compiler and the C library.
SYSTEM_HEADERS = r"(sys|arpa|net|netinet|linux)/\w+\.h|\w+\.h|\w+"

# Names that few may use: the name -> where it is declared, and where it is used. Tests are free.
RESERVED_NAMES = {
    # Makes a verified event of what nobody signed: of our own questions to Outreach's API, and of nothing else.
    "of_fetched": ["daemon/signature/verifier.hpp", "daemon/outreach/"],
}

LINES_MAX = 400

BANNED_WORDS_IN_NAMES = {"util", "utils", "common", "helper", "helpers", "manager", "misc"}

# Names of code files: snake_case, an extension, or none for a command.
CODE_NAME = r"[a-z][a-z0-9_]*(\.(cpp|hpp|py|sh|cmake))?"
CODE_NAMES_GIVEN_BY_OTHERS = {"CMakeLists.txt"}

# Brackets keep this file from finding itself.
LEFTOVERS = r"\b(TO[D]O|FIX[M]E|X[X]X)\b|\bDISABLED[_]|\bGTEST[_]SKIP\b"
OUTSIDE_PATHS = r"(?<![\w.-])/work[/]|\.\./shared\b"

TOP_LEVEL = {
    "CMakeLists.txt", "CMakePresets.json", "README.md", "CHANGELOG.md", "LICENSE",
    "daemon", "handlers", "config", "deploy", "systemd", "tests",
    ".ci", ".clang-format", ".clang-tidy", ".dockerignore", ".editorconfig", ".git", ".gitattributes",
    ".github", ".gitignore",
    "build",  # ignored by git
}

# Not ours to judge: git's, the compiler's, a package manager's.
IGNORED_FOLDERS = {".git", "build", "node_modules", "__pycache__"}
