#pragma once
// RESTANTE_ASSERT: what must be true whatever a peer sends. On in release: a hub that is wrong
// about itself stops, and its durable state starts the next one.

#include <cstdio>
#include <cstdlib>

#define RESTANTE_ASSERT(condition)                                                                 \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            std::fprintf(stderr, "event=assertion_failed condition=\"%s\" at=%s:%d\n", #condition, \
                         __FILE__, __LINE__);                                                      \
            std::abort();                                                                          \
        }                                                                                          \
    } while (false)
