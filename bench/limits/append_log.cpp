// The least that a durable send can cost: bytes behind one another in a file, synced batch by
// batch. Nothing is indexed, checked or read.

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "base/byte_reader.hpp"
#include "base/random.hpp"
#include "commits.hpp"
#include "common/system.hpp"

namespace restante::limits {
namespace {

using bench::check;
using bench::Moment;
using bench::moment;

/// The log begins anew at this size, as one made of several files would.
constexpr std::size_t log_bytes_max = std::size_t{1} << 30;

/// A file without a name: it is gone with this process, however that ends.
bench::Descriptor make_file(const std::filesystem::path& folder) {
    std::string name = (folder / "limits-log-XXXXXX").string();
    bench::Descriptor file(
        check(::mkostemp(name.data(), O_CLOEXEC), "cannot make a file in " + folder.string()));
    check(::unlink(name.c_str()), "cannot remove " + name);
    return file;
}

class AppendLog {
  public:
    explicit AppendLog(const CommitPlan& plan) : file_(make_file(plan.folder)) {}

    void append(BytesView batch) {
        if (at_ + batch.size() > log_bytes_max) begin_anew();
        write(batch);
        check(::fdatasync(file_.get()), "cannot sync the log");
    }

  private:
    void begin_anew() {
        at_ = 0;
        check(::ftruncate(file_.get(), 0), "cannot shorten the log");
    }

    void write(BytesView bytes) {
        while (!bytes.empty()) {
            const auto written =
                ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(at_));
            if (written < 0) bench::throw_errno("cannot write the log");
            at_ += static_cast<std::size_t>(written);
            bytes = bytes.subspan(static_cast<std::size_t>(written));
        }
    }

    bench::Descriptor file_;
    std::size_t at_ = 0;
};

}  // namespace

CommitFigures measure_append_log(const CommitPlan& plan) {
    AppendLog log(plan);
    const Bytes body = random_bytes(plan.bytes);
    CommitFigures figures;
    Bytes batch;
    const Moment began = moment();
    const Moment until = began + std::chrono::seconds(plan.seconds);
    Moment done = began;
    // Encoding counts: no log is written without it.
    while (done < until) {
        batch.clear();
        ByteWriter writer(batch);
        for (std::size_t i = 0; i < plan.batch; ++i) {
            writer.u64(body.size());
            writer.u64(++figures.records);
            writer.bytes(body);
        }
        const Moment begin = moment();
        log.append(batch);
        done = moment();
        figures.latencies.add(begin, done);
    }
    figures.seconds = bench::seconds_between(began, done);
    return figures;
}

}  // namespace restante::limits
