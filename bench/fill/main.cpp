// `fill`: a data folder as a hub leaves it that has had many devices for long, made in seconds.
// Says what it wrote as one line of JSON.

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "common/measure.hpp"
#include "filler.hpp"
#include "server/data_directory.hpp"
#include "store/rocksdb/rocksdb_engine.hpp"

namespace restante::fill {
namespace {

struct Options {
    std::string data_dir;
    Plan plan;
};

void declare(CLI::App& app, Options& options) {
    app.add_option("--data-dir", options.data_dir, "The hub's folder; no hub may run on it")
        ->required();
    app.add_option("--identities", options.plan.identities, "Devices, with the fleet's names")
        ->required()
        ->check(CLI::Range(1, 1'000'000));
    app.add_option("--each", options.plan.each, "Messages for one device")
        ->required()
        ->check(CLI::Range(0, 10'000));
    app.add_option("--bytes", options.plan.bytes, "Bytes of a body")
        ->default_val(256)
        ->check(CLI::Range(32, 65'000));
}

void run(const Options& options) {
    const bench::Moment began = bench::moment();
    const auto directory = server::DataDirectory::create(options.data_dir);
    {
        const auto engine = store::RocksDbEngine::open(directory.store_path());
        if (!engine) throw std::runtime_error(engine.error().message);
        Filler(**engine, options.plan).run();
    }
    fmt::print(R"({{"identities":{},"messages":{},"seconds":{:.3f}}})"
               "\n",
               options.plan.identities, options.plan.identities * options.plan.each,
               bench::seconds_between(began, bench::moment()));
}

}  // namespace
}  // namespace restante::fill

int main(int argc, char** argv) {
    using namespace restante::fill;
    constexpr int exit_failed = 1;
    constexpr int exit_usage = 2;
    Options options;
    CLI::App app("Fills the data folder of a hub that does not run with devices and messages.",
                 "fill");
    declare(app, options);
    try {
        app.parse(argc, argv);
        run(options);
        return 0;
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : exit_usage;
    } catch (const std::exception& error) {
        fmt::print(stderr, "fill: {}\n", error.what());
        return exit_failed;
    }
}
