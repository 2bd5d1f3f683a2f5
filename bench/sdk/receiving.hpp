#pragma once
// What a device program of the comparison counts while it receives, and the line of JSON it says
// at the end: from the first message to the last, CPU time as the kernel has it, peak memory.
//
// Owned by main(); received() is called on whatever thread the library calls handlers on, one at a
// time.

#include <sys/resource.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <future>
#include <iomanip>
#include <iostream>
#include <stdexcept>
#include <string>

namespace restante::bench {

class Receiving {
  public:
    explicit Receiving(const char* wanted) : wanted_(std::strtoul(wanted, nullptr, 10)) {}

    void received() {
        if (received_++ == 0) first_ = now();
        if (received_ != wanted_) return;
        last_ = now();
        done_.set_value();
    }

    /// Throws std::runtime_error when not all came in time.
    void wait() {
        if (done_.get_future().wait_for(deadline) == std::future_status::ready) return;
        throw std::runtime_error("not all messages came in time");
    }

    void report() const {
        const std::chrono::duration<double> took = last_.time - first_.time;
        const double per_second = static_cast<double>(wanted_ - 1) / took.count();
        const double cpu_seconds = last_.cpu_seconds - first_.cpu_seconds;
        std::cout << std::fixed << std::setprecision(6) << "{\"messages\":" << wanted_
                  << ",\"seconds\":" << took.count() << ",\"messages_per_second\":" << per_second
                  << ",\"cpu_seconds\":" << cpu_seconds << ",\"peak_rss_kib\":" << peak_rss_kib()
                  << '}' << std::endl;
    }

  private:
    static constexpr std::chrono::seconds deadline{300};

    struct Moment {
        std::chrono::steady_clock::time_point time{};
        double cpu_seconds = 0;  ///< user and system, of the whole process
    };

    /// Not getrusage()'s: that one remembers the process as it was before exec().
    static long peak_rss_kib() {
        std::ifstream status("/proc/self/status");
        std::string word;
        long kib = 0;
        while (status >> word && word != "VmHWM:") {
        }
        status >> kib;
        return kib;
    }
    static double seconds(const timeval& value) {
        return static_cast<double>(value.tv_sec) + static_cast<double>(value.tv_usec) / 1e6;
    }
    static Moment now() {
        rusage usage{};
        getrusage(RUSAGE_SELF, &usage);
        return {.time = std::chrono::steady_clock::now(),
                .cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime)};
    }

    std::size_t wanted_;
    std::size_t received_ = 0;
    Moment first_;
    Moment last_;
    std::promise<void> done_;
};

}  // namespace restante::bench
