#include "cli/interruption.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <limits>
#include <system_error>

namespace restante::cli {

Interruption::Interruption() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    signal_descriptor_ = signalfd(-1, &signals_, SFD_CLOEXEC);
    wake_descriptor_ = eventfd(0, EFD_CLOEXEC);
    if (signal_descriptor_ < 0 || wake_descriptor_ < 0) {
        throw std::system_error(errno, std::generic_category(), "cannot wait for signals");
    }
}

Interruption::~Interruption() {
    close(signal_descriptor_);
    close(wake_descriptor_);
}

void Interruption::wake() {
    eventfd_write(wake_descriptor_, 1);
}

bool Interruption::wait(std::optional<Milliseconds> at_most) {
    constexpr Milliseconds::rep poll_max = std::numeric_limits<int>::max();
    std::array<pollfd, 2> descriptors{pollfd{signal_descriptor_, POLLIN, 0},
                                      pollfd{wake_descriptor_, POLLIN, 0}};
    const int milliseconds = at_most ? static_cast<int>(std::min(at_most->count(), poll_max)) : -1;
    const bool told = poll(descriptors.data(), descriptors.size(), milliseconds) > 0;
    signalfd_siginfo taken{};
    if ((descriptors[0].revents & POLLIN) != 0 &&
        read(signal_descriptor_, &taken, sizeof taken) == sizeof taken) {
        pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
    }
    return told;
}

}  // namespace restante::cli
