// What RocksDbEngine promises beyond every engine: its files outlive it, however it ends.

#include "store/rocksdb/rocksdb_engine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "support/engine_calls.hpp"
#include "support/temporary_folder.hpp"

namespace restante::store {
namespace {

using restante::test::TemporaryFolder;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

/// Tells the child of a crash test which folder to write to.
constexpr const char* crash_folder_variable = "RESTANTE_CRASH_TEST_FOLDER";

std::unique_ptr<RocksDbEngine> open(const TemporaryFolder& folder) {
    auto opened = RocksDbEngine::open(folder.path() / "store");
    if (!opened) throw std::runtime_error(opened.error().message);
    return std::move(*opened);
}

std::string numbered(std::uint64_t number) {
    std::string digits = std::to_string(number);
    return std::string(10 - digits.size(), '0') + digits;
}

/// The only log file of the folder that holds anything.
std::filesystem::path log_file(const TemporaryFolder& folder) {
    std::filesystem::path found;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path() / "store")) {
        if (entry.path().extension() == ".log" && entry.file_size() > 0) found = entry.path();
    }
    return found;
}

TEST(RocksDbEngine, MakesAFolderThatOnlyItsOwnerMayEnter) {
    const TemporaryFolder folder;
    const auto nested = folder.path() / "a" / "b";
    ASSERT_TRUE(RocksDbEngine::open(nested));
    struct stat status{};
    ASSERT_EQ(::stat(nested.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0700U);
}

TEST(RocksDbEngine, HoldsWhatWasCommittedAfterItIsClosedAndOpenedAgain) {
    const TemporaryFolder folder;
    for (int life = 0; life < 3; ++life) {
        const auto engine = open(folder);
        EXPECT_EQ(test::keys(*engine, Table::queue).size(), static_cast<std::size_t>(life));
        ASSERT_TRUE(test::put(*engine, Table::queue, std::to_string(life), "v"));
    }
    EXPECT_THAT(test::keys(*open(folder), Table::queue), ElementsAre("0", "1", "2"));
}

TEST(RocksDbEngine, SaysThatAnotherHubIsRunningOnTheFolder) {
    const TemporaryFolder folder;
    const auto engine = open(folder);
    const auto second = RocksDbEngine::open(folder.path() / "store");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::storage_failed);
    EXPECT_THAT(second.error().message, AllOf(HasSubstr("another hub is running on this folder"),
                                              HasSubstr((folder.path() / "store").string())));
}

TEST(RocksDbEngine, NamesTheFolderItCannotMake) {
    const TemporaryFolder folder;
    const auto file = folder.path() / "file";
    std::ofstream(file) << "in the way";
    const auto opened = RocksDbEngine::open(file / "store");
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::storage_failed);
    EXPECT_THAT(opened.error().message, HasSubstr((file / "store").string()));
}

TEST(RocksDbEngine, ReadsAFolderThatIsInUseAndLeavesNoTrace) {
    const TemporaryFolder folder;
    const auto engine = open(folder);
    ASSERT_TRUE(test::put(*engine, Table::devices, "d", "identity"));
    const auto names = [&] {
        std::vector<std::string> found;
        for (const auto& entry : std::filesystem::directory_iterator(folder.path() / "store")) {
            found.push_back(entry.path().filename());
        }
        std::ranges::sort(found);
        return found;
    };
    const auto before = names();
    {
        const auto reader = RocksDbEngine::open_read_only(folder.path() / "store");
        ASSERT_TRUE(reader) << reader.error().message;
        EXPECT_EQ(test::text_at(**reader, Table::devices, "d"), "identity");
        EXPECT_THAT(test::keys(**reader, Table::devices), ElementsAre("d"));
        EXPECT_FALSE(test::put(**reader, Table::devices, "e", "identity"));
    }
    EXPECT_EQ(names(), before);
    EXPECT_TRUE(test::put(*engine, Table::devices, "e", "identity"));
}

TEST(RocksDbEngine, ReadsAllThatIsAcknowledgedWhileTheOwnerWrites) {
    const TemporaryFolder folder;
    const auto engine = open(folder);
    std::atomic<std::uint64_t> acknowledged{0};
    std::atomic<bool> over{false};
    std::thread owner([&] {
        for (std::uint64_t i = 0; !over && i < 20'000; ++i) {
            // Now over zeros, now behind them.
            const std::string value(i % 50 == 0 ? 100'000 : 200, 'v');
            if (!test::put(*engine, Table::queue, numbered(i), value)) return;
            acknowledged = i + 1;
        }
    });
    for (int look = 0; look < 30; ++look) {
        const auto at_least = acknowledged.load();
        const auto reader = RocksDbEngine::open_read_only(folder.path() / "store");
        EXPECT_TRUE(reader) << reader.error().message;
        if (!reader) break;
        const auto found = test::keys(**reader, Table::queue);
        EXPECT_GE(found.size(), at_least);
        if (!found.empty()) EXPECT_EQ(found.back(), numbered(found.size() - 1));
    }
    over = true;
    owner.join();
    EXPECT_GT(acknowledged, 0U);
}

TEST(RocksDbEngine, DoesNotMakeAFolderToReadIt) {
    const TemporaryFolder folder;
    const auto absent = folder.path() / "absent";
    const auto reader = RocksDbEngine::open_read_only(absent);
    ASSERT_FALSE(reader);
    EXPECT_THAT(reader.error().message, HasSubstr(absent.string()));
    EXPECT_FALSE(std::filesystem::exists(absent));
}

TEST(RocksDbEngine, RefusesToOpenALogThatWasDamagedBeforeItsEnd) {
    const TemporaryFolder folder;
    {
        const auto engine = open(folder);
        for (std::uint64_t i = 0; i < 50; ++i) {
            ASSERT_TRUE(test::put(*engine, Table::queue, numbered(i), std::string(200, 'v')));
        }
    }
    const auto log = log_file(folder);
    {
        std::fstream file(log, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(log) / 2));
        file.put('!');
    }
    const auto opened = RocksDbEngine::open(folder.path() / "store");
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().message, AllOf(HasSubstr("damaged"), HasSubstr(folder.path())));
}

TEST(RocksDbEngine, OpensALogWhoseLastRecordIsIncomplete) {
    const TemporaryFolder folder;
    {
        const auto engine = open(folder);
        ASSERT_TRUE(test::put(*engine, Table::queue, "acknowledged", "v"));
        ASSERT_TRUE(test::put(*engine, Table::queue, "torn", std::string(5000, 'v')));
    }
    const auto log = log_file(folder);
    std::filesystem::resize_file(log, std::filesystem::file_size(log) - 1000);
    EXPECT_THAT(test::keys(*open(folder), Table::queue), ElementsAre("acknowledged"));
}

/// While it lives a file of this process cannot grow beyond 64 KiB.
class SmallFiles {
  public:
    SmallFiles() : handler_(::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &usual_);
        struct rlimit small = usual_;
        small.rlim_cur = 64 * 1024;
        ::setrlimit(RLIMIT_FSIZE, &small);
    }
    ~SmallFiles() {
        ::setrlimit(RLIMIT_FSIZE, &usual_);
        ::signal(SIGXFSZ, handler_);
    }
    SmallFiles(const SmallFiles&) = delete;
    SmallFiles& operator=(const SmallFiles&) = delete;

  private:
    struct rlimit usual_{};
    sighandler_t handler_;
};

Result<void> put_what_does_not_fit(StoreEngine& engine) {
    const SmallFiles limit;
    return test::put(engine, Table::queue, "refused", std::string(1024 * 1024, 'v'));
}

TEST(RocksDbEngine, FailsEveryCommitAfterOneTheDiskRefused) {
    const TemporaryFolder folder;
    {
        const auto engine = open(folder);
        ASSERT_TRUE(test::put(*engine, Table::queue, "before", "v"));
        const auto refused = put_what_does_not_fit(*engine);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, ErrorCode::storage_failed);
        EXPECT_THAT(refused.error().message, HasSubstr((folder.path() / "store").string()));
        EXPECT_EQ(test::put(*engine, Table::queue, "after", "v"), refused);
    }
    EXPECT_THAT(test::keys(*open(folder), Table::queue), ElementsAre("before"));
}

TEST(RocksDbEngine, GoesOnOnceTheDiskTakesWritesAgain) {
    const TemporaryFolder folder;
    const auto engine = open(folder);
    EXPECT_TRUE(test::resume(*engine)) << "nothing has failed";
    ASSERT_TRUE(test::put(*engine, Table::queue, "before", "v"));
    ASSERT_FALSE(put_what_does_not_fit(*engine));
    {
        const SmallFiles limit;
        EXPECT_EQ(test::resume(*engine).error().code, ErrorCode::storage_failed);
        EXPECT_EQ(test::text_at(*engine, Table::queue, "before"), "v") << "it still reads";
    }
    EXPECT_FALSE(test::put(*engine, Table::queue, "too early", "v"));
    ASSERT_TRUE(test::resume(*engine));
    EXPECT_TRUE(test::put(*engine, Table::queue, "again", "v"));
    EXPECT_THAT(test::keys(*engine, Table::queue), ElementsAre("again", "before"));
    EXPECT_EQ(test::text_at(*engine, Table::queue, "before"), "v");
    for (const auto& entry : std::filesystem::directory_iterator(folder.path() / "store")) {
        EXPECT_NE(entry.path().extension(), ".tmp") << "what it tried with is gone";
    }
}

TEST(RocksDbEngine, KeepsItsPromisesWhenTheWriteBuffersOverflowAgainAndAgain) {
    const TemporaryFolder folder;
    constexpr std::uint64_t messages = 1200;
    constexpr std::uint64_t per_batch = 40;
    {
        const auto engine = open(folder);
        for (std::uint64_t i = 0; i < messages; i += per_batch) {
            WriteBatch batch;
            for (std::uint64_t k = i; k < i + per_batch; ++k) {
                batch.put(Table::messages, to_bytes(numbered(k)), Bytes(48 * 1024, 'm'));
                if (k >= 100) batch.remove(Table::messages, to_bytes(numbered(k - 100)));
            }
            engine->commit(std::move(batch), [](auto result) { EXPECT_TRUE(result); });
        }
    }
    const auto engine = open(folder);
    const auto left = test::keys(*engine, Table::messages);
    ASSERT_EQ(left.size(), 100U);
    EXPECT_EQ(left.front(), numbered(messages - 100));
    EXPECT_EQ(test::text_at(*engine, Table::messages, left.back()), std::string(48 * 1024, 'm'));
}

// -- kill -9 -------------------------------------------------------------------------------------

/// The child: commits 0, 1, 2... for ever and writes each number to standard output once it is
/// acknowledged. Runs only when a crash test starts it.
TEST(RocksDbEngineCrash, DISABLED_WritesUntilItIsKilled) {
    const char* folder = std::getenv(crash_folder_variable);
    ASSERT_NE(folder, nullptr);
    auto engine = RocksDbEngine::open(folder);
    ASSERT_TRUE(engine) << engine.error().message;
    for (std::uint64_t i = 0;; ++i) {
        WriteBatch batch;
        batch.put(Table::queue, to_bytes(numbered(i)), to_bytes("queued"));
        batch.put(Table::messages, to_bytes(numbered(i)), Bytes(9000, 'm'));
        ASSERT_TRUE(test::commit(**engine, std::move(batch)));
        const std::string line = "acknowledged " + numbered(i) + "\n";
        ASSERT_EQ(::write(STDOUT_FILENO, line.data(), line.size()),
                  static_cast<ssize_t>(line.size()));
    }
}

class WritingProcess {
  public:
    explicit WritingProcess(const std::filesystem::path& folder) {
        std::array<int, 2> pipe{};
        if (::pipe(pipe.data()) != 0) throw std::runtime_error("no pipe");
        // Prepared before the fork: a child of a process with threads may only exec.
        const std::string variable = std::string(crash_folder_variable) + "=" + folder.string();
        std::vector<char*> environment;
        for (char** entry = environ; *entry != nullptr; ++entry) environment.push_back(*entry);
        environment.push_back(const_cast<char*>(variable.c_str()));
        environment.push_back(nullptr);
        std::array arguments{std::string("child"),
                             std::string("--gtest_filter=RocksDbEngineCrash.DISABLED_*"),
                             std::string("--gtest_also_run_disabled_tests")};
        std::array<char*, 4> argv{arguments[0].data(), arguments[1].data(), arguments[2].data(),
                                  nullptr};
        child_ = ::fork();
        if (child_ == 0) {
            ::dup2(pipe[1], STDOUT_FILENO);
            ::execve("/proc/self/exe", argv.data(), environment.data());
            ::_exit(127);
        }
        ::close(pipe[1]);
        output_ = ::fdopen(pipe[0], "r");
    }
    ~WritingProcess() {
        kill();
        static_cast<void>(std::fclose(output_));
    }
    WritingProcess(const WritingProcess&) = delete;
    WritingProcess& operator=(const WritingProcess&) = delete;

    /// The next number it acknowledged; nullopt when it has ended.
    std::optional<std::uint64_t> next_acknowledged() {
        std::array<char, 512> line{};
        constexpr std::string_view mark = "acknowledged ";
        while (std::fgets(line.data(), line.size(), output_) != nullptr) {
            const std::string_view text(line.data());
            if (!text.starts_with(mark)) continue;
            std::uint64_t number = 0;
            std::from_chars(text.data() + mark.size(), text.data() + text.size(), number);
            return number;
        }
        return std::nullopt;
    }

    void kill() {
        if (child_ == 0) return;
        ::kill(child_, SIGKILL);
        ::waitpid(child_, nullptr, 0);
        child_ = 0;
    }

  private:
    pid_t child_ = 0;
    std::FILE* output_ = nullptr;
};

TEST(RocksDbEngineCrash, NothingAcknowledgedIsLostAndNoBatchIsHalfThereAfterAKill) {
    for (const std::uint64_t wait_for : {0U, 60U}) {
        const TemporaryFolder folder;
        std::uint64_t acknowledged = 0;
        {
            WritingProcess writer(folder.path() / "store");
            const auto note = [&] {
                const auto number = writer.next_acknowledged();
                if (number) acknowledged = *number;
                return number.has_value();
            };
            do {
                ASSERT_TRUE(note()) << "the writing process ended by itself";
            } while (acknowledged < wait_for);
            EXPECT_THAT(RocksDbEngine::open(folder.path() / "store").error().message,
                        HasSubstr("another hub is running on this folder"));
            writer.kill();
            while (note()) {
            }
        }
        const auto engine = open(folder);
        const auto queue = test::keys(*engine, Table::queue);
        // What was under way when the process died may be there or not.
        ASSERT_GE(queue.size(), acknowledged + 1);
        EXPECT_LE(queue.size(), acknowledged + 2);
        for (std::size_t i = 0; i < queue.size(); ++i) ASSERT_EQ(queue[i], numbered(i));
        EXPECT_EQ(test::keys(*engine, Table::messages), queue);
    }
}

}  // namespace
}  // namespace restante::store
