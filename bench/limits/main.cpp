// `limits log | rocksdb | tls-server`: what this machine allows, for a hub to be compared with.
// Says what it measured as one line of JSON; exit code 0 only if nothing was wrong.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>

#include "commits.hpp"
#include "tls_server.hpp"

namespace restante::limits {
namespace {

constexpr std::size_t record_bytes_max = 256 * 1024;
constexpr std::size_t batch_max = 65'536;
constexpr std::size_t queues_max = 1'000'000;
constexpr std::size_t seconds_max = 3'600;

void print(const CommitFigures& figures) {
    const auto count = static_cast<double>(figures.latencies.count());
    fmt::print(
        R"({{"records_per_second":{:.1f},"commits_per_second":{:.1f},"commit_p50_us":{:.1f},)"
        R"("commit_p99_us":{:.1f},"records":{},"seconds":{:.3f},"preparing_seconds":{:.3f}}})"
        "\n",
        static_cast<double>(figures.records) / figures.seconds, count / figures.seconds,
        figures.latencies.quantile(0.5), figures.latencies.quantile(0.99), figures.records,
        figures.seconds, figures.preparing_seconds);
}

void print(const TlsServerFigures& figures) {
    fmt::print(R"({{"handshakes":{},"resumed":{},"failed":{},"cpu_seconds":{:.3f}}})"
               "\n",
               figures.handshakes, figures.resumed, figures.failed, bench::cpu_seconds());
}

void declare_commits(CLI::App& command, CommitPlan& plan) {
    command.add_option("--folder", plan.folder, "On the disk to measure")
        ->required()
        ->check(CLI::ExistingDirectory);
    command.add_option("--bytes", plan.bytes, "Bytes of a body")
        ->default_val(200)
        ->check(CLI::Range(std::size_t{1}, record_bytes_max));
    command.add_option("--batch", plan.batch, "Records in one commit")
        ->default_val(1)
        ->check(CLI::Range(std::size_t{1}, batch_max));
    command.add_option("--seconds", plan.seconds, "How long to measure")
        ->default_val(5)
        ->check(CLI::Range(std::size_t{1}, seconds_max));
}

void declare_log(CLI::App& app, CommitPlan& plan) {
    auto* command = app.add_subcommand("log", "A file written and synced batch by batch");
    declare_commits(*command, plan);
    command->final_callback([&plan] { print(measure_append_log(plan)); });
}

void declare_rocksdb(CLI::App& app, CommitPlan& plan) {
    auto* command = app.add_subcommand("rocksdb", "RocksDB alone with a hub's records");
    declare_commits(*command, plan);
    command->add_option("--queues", plan.queues, "Devices that get a message in turn")
        ->default_val(1000)
        ->check(CLI::Range(std::size_t{1}, queues_max));
    command->final_callback([&plan] { print(measure_rocksdb(plan)); });
}

void declare_tls_server(CLI::App& app, TlsServerPlan& plan) {
    auto* command = app.add_subcommand("tls-server", "Echoes what it reads until SIGTERM");
    command->add_option("--port", plan.port, "0: any free one")->default_val(0);
    command->add_option("--certificate", plan.certificate_file, "PEM")->required();
    command->add_option("--key", plan.key_file, "PEM")->required();
    command->add_option("--threads", plan.threads, "Threads")
        ->default_val(1)
        ->check(CLI::Range(1, 64));
    command->final_callback([&plan] { print(run_tls_server(plan)); });
}

}  // namespace
}  // namespace restante::limits

int main(int argc, char** argv) {
    using namespace restante::limits;
    constexpr int exit_failed = 1;
    constexpr int exit_usage = 2;
    std::signal(SIGPIPE, SIG_IGN);
    restante::bench::raise_descriptor_limit();
    CommitPlan commits;
    TlsServerPlan server;
    CLI::App app("What this machine allows: commits on its disk, TLS on its cores.", "limits");
    app.require_subcommand(1);
    declare_log(app, commits);
    declare_rocksdb(app, commits);
    declare_tls_server(app, server);
    try {
        app.parse(argc, argv);
        return 0;
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : exit_usage;
    } catch (const std::exception& error) {
        fmt::print(stderr, "limits: {}\n", error.what());
        return exit_failed;
    }
}
