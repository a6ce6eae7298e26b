/// For tests of what goes on without new threads.
#pragma once

#include <cstddef>

#include <pthread.h>

namespace outreachd {

/// Stacks that no address space has room for: no thread can be begun while this lives.
class no_threads {
public:
    no_threads() {
        pthread_getattr_default_np(&before_);
        pthread_attr_t huge;
        pthread_attr_init(&huge);
        pthread_attr_setstacksize(&huge, std::size_t{1} << 47);
        pthread_setattr_default_np(&huge);
        pthread_attr_destroy(&huge);
    }

    ~no_threads() {
        pthread_setattr_default_np(&before_);
        pthread_attr_destroy(&before_);
    }

    no_threads(const no_threads&) = delete;
    no_threads& operator=(const no_threads&) = delete;

private:
    pthread_attr_t before_{};
};

} // namespace outreachd
