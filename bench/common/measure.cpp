#include "common/measure.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <bit>
#include <cmath>

namespace restante::bench {

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

void Latencies::add(Moment from, Moment to) {
    const auto nanoseconds =
        std::chrono::duration_cast<std::chrono::nanoseconds>(to - from).count();
    ++counts_[step_of(static_cast<std::uint64_t>(std::max<std::int64_t>(nanoseconds, 0)))];
    ++count_;
}

double Latencies::quantile(double share) const {
    const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
    std::uint64_t seen = 0;
    for (std::size_t step = 0; step < counts_.size(); ++step) {
        seen += counts_[step];
        if (seen > 0 && seen >= wanted) return static_cast<double>(end_of(step)) / 1e3;
    }
    return 0;
}

/// The first `2 * steps` steps are one nanosecond wide, the next `steps` two, then four.
std::size_t Latencies::step_of(std::uint64_t nanoseconds) {
    const auto bits = static_cast<unsigned>(std::bit_width(nanoseconds));
    if (bits <= steps_bits + 1) return nanoseconds;
    const unsigned shift = bits - steps_bits - 1;
    const std::size_t step = (std::size_t{shift} << steps_bits) + (nanoseconds >> shift);
    return std::min(step, steps * nanoseconds_bits_max - 1);
}

std::uint64_t Latencies::end_of(std::size_t step) {
    if (step < 2 * steps) return step;
    const std::size_t shift = (step >> steps_bits) - 1;
    return ((step - (shift << steps_bits)) << shift) + ((std::uint64_t{1} << shift) - 1);
}

}  // namespace restante::bench
