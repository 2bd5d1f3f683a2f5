#include "store/rocksdb/torn_write.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "store/rocksdb/rocksdb_engine.hpp"
#include "support/engine_calls.hpp"
#include "support/temporary_folder.hpp"

namespace restante::store {
namespace {

using testing::ElementsAre;

constexpr std::size_t sector_bytes = 512;

/// As a hub that died leaves them behind its log.
const std::string zeros_ahead(100'000, '\0');

/// Nothing if a log is damaged in front of its last record.
std::optional<std::size_t> whole_bytes(const std::string& log) {
    const auto end = end_of(as_bytes(log));
    return end ? std::optional(end->bytes) : std::nullopt;
}

/// The log of a hub that died, without the zeros at its end; a damaged copy of its folder can be
/// opened as often as wanted.
class TornWrite : public testing::Test {
  protected:
    void commit(const std::string& key, std::size_t bytes) {
        if (!engine_) engine_ = std::move(*RocksDbEngine::open(folder_.path() / "store"));
        ASSERT_TRUE(test::put(*engine_, Table::queue, key, std::string(bytes, 'v')));
        const auto before = log_.size();
        const auto name_before = name_;
        read_newest_log();
        if (name_ == name_before) ASSERT_GT(log_.size(), before + bytes);
    }

    void read_newest_log() {
        for (const auto& entry : std::filesystem::directory_iterator(folder_.path() / "store")) {
            const auto name = entry.path().filename();
            if (name.extension() == ".log" && name > name_) name_ = name;
        }
        std::ifstream file(folder_.path() / "store" / name_, std::ios::binary);
        log_.assign(std::istreambuf_iterator<char>(file), {});
        log_.resize(log_.find_last_not_of('\0') + 1);
    }

    /// What a store holds that starts on this log; its error's text if it does not start.
    std::vector<std::string> found_with(const std::string& log) {
        engine_.reset();
        const auto copy = folder_.path() / "copy";
        std::filesystem::remove_all(copy);
        std::filesystem::copy(folder_.path() / "store", copy);
        std::ofstream(copy / name_, std::ios::binary | std::ios::trunc) << log;
        const auto opened = RocksDbEngine::open(copy);
        if (!opened) return {"refused"};
        return test::keys(**opened, Table::queue);
    }

    std::string without_sector(std::size_t at, std::size_t from) const {
        std::string log = log_;
        const auto begin = std::max(at, from);
        const auto end = std::min(at + sector_bytes, log.size());
        log.replace(begin, end - begin, end - begin, '\0');
        return log;
    }

    const test::TemporaryFolder folder_;
    std::unique_ptr<RocksDbEngine> engine_;
    std::filesystem::path name_;
    std::string log_;
};

TEST_F(TornWrite, AHoleAnywhereInTheLastRecordLosesThatRecordAlone) {
    commit("a", 20'000);
    commit("b", 3'000);
    const auto acknowledged = log_.size();
    commit("torn", 50'000);  // over two borders of blocks
    for (auto at = acknowledged / sector_bytes * sector_bytes; at < log_.size();
         at += sector_bytes) {
        const auto torn = without_sector(at, acknowledged);
        EXPECT_EQ(whole_bytes(torn), acknowledged) << at;
        EXPECT_EQ(whole_bytes(torn + zeros_ahead), acknowledged) << at;
    }
    EXPECT_THAT(found_with(log_), ElementsAre("a", "b", "torn"));
    for (const auto at : {acknowledged, acknowledged + 5'000, log_.size() - sector_bytes}) {
        const auto torn = without_sector(at, acknowledged);
        EXPECT_THAT(found_with(torn), ElementsAre("a", "b")) << at;
        EXPECT_THAT(found_with(torn + zeros_ahead), ElementsAre("a", "b")) << at;
    }
}

TEST_F(TornWrite, WhicheverSectorsOfTheLastRecordAreMissingItIsTheOneThatIsLost) {
    std::mt19937 random(1);
    std::vector<std::size_t> ends{0};
    for (std::size_t record = 0; record < 60; ++record) {
        const std::size_t bytes = record % 3 == 0 ? random() % 60'000 : random() % 2'000;
        commit(std::to_string(record), bytes);
        ends.push_back(log_.size());
    }
    const std::string whole = log_;
    for (std::size_t record = 1; record < ends.size(); ++record) {
        for (int attempt = 0; attempt < 10; ++attempt) {
            log_ = whole.substr(0, ends[record]);
            for (auto at = ends[record - 1] / sector_bytes * sector_bytes; at < log_.size();
                 at += sector_bytes) {
                if (random() % 2 == 0) log_ = without_sector(at, ends[record - 1]);
            }
            const bool torn = log_ != whole.substr(0, ends[record]);
            if (attempt % 2 == 0) log_ += zeros_ahead;
            ASSERT_EQ(whole_bytes(log_), ends[record - (torn ? 1 : 0)])
                << "record " << record << ", attempt " << attempt;
        }
    }
}

TEST_F(TornWrite, HalfAHeaderIsNotBelieved) {
    commit("a", 1'000);
    const auto overhead = log_.size() - 1'000;
    for (std::size_t in_first_sector = 1; in_first_sector < 7; ++in_first_sector) {
        const auto left = sector_bytes - (log_.size() + overhead + 500) % sector_bytes;
        commit("b", 500 + (left + sector_bytes - in_first_sector) % sector_bytes);
        const auto acknowledged = log_.size();
        ASSERT_EQ(acknowledged % sector_bytes, sector_bytes - in_first_sector);
        commit("c", 3'000);
        EXPECT_EQ(
            whole_bytes(without_sector(acknowledged / sector_bytes * sector_bytes, acknowledged)),
            acknowledged)
            << in_first_sector;
    }
}

TEST_F(TornWrite, NoMoreThanZerosMayBeLeftOfTheLastRecord) {
    commit("a", 100);
    const auto acknowledged = log_.size();
    commit("torn", 40'000);
    const std::string zeros(log_.size() - acknowledged, '\0');
    EXPECT_THAT(found_with(log_.substr(0, acknowledged) + zeros), ElementsAre("a"));
}

TEST_F(TornWrite, AHoleInARecordBeforeTheLastIsNeverTakenForTheEnd) {
    commit("a", 20'000);
    commit("b", 40'000);
    const auto acknowledged = log_.size();
    commit("c", 300);
    for (std::size_t at = 0; at + sector_bytes <= acknowledged; at += sector_bytes) {
        const auto damaged = without_sector(at, 0);
        EXPECT_EQ(whole_bytes(damaged), std::nullopt) << at;
        EXPECT_EQ(whole_bytes(damaged + zeros_ahead), std::nullopt) << at;
    }
    for (const std::size_t at : {0U, 10'240U, 30'720U}) {
        EXPECT_THAT(found_with(without_sector(at, 0)), ElementsAre("refused")) << at;
        EXPECT_THAT(found_with(without_sector(at, 0) + zeros_ahead), ElementsAre("refused")) << at;
    }
}

TEST_F(TornWrite, DamageOverTheEndOfOneRecordAndTheBeginningOfTheNextIsRefused) {
    commit("a", 2'000);
    const auto border = log_.size();
    commit("b", 50'000);
    std::string log = log_;
    log.replace(border - 100, 200, 200, '\0');
    EXPECT_THAT(found_with(log), ElementsAre("refused"));
}

TEST_F(TornWrite, AWholeLogCountsToItsLastByte) {
    commit("a", 32'700);
    commit("b", 70'000);
    EXPECT_EQ(whole_bytes(log_), log_.size());
    EXPECT_EQ(whole_bytes(""), 0U);
}

TEST_F(TornWrite, ZerosPutAheadAreNoPartOfALog) {
    commit("a", 100);
    commit("b", 70'000);
    EXPECT_EQ(whole_bytes(log_ + zeros_ahead), log_.size());
    EXPECT_EQ(whole_bytes(zeros_ahead), 0U);
    EXPECT_THAT(found_with(log_ + zeros_ahead), ElementsAre("a", "b"));
}

TEST_F(TornWrite, ASmallRecordLeavesTheFileAsLongAsItWas) {
    commit("a", 100);
    const auto log = folder_.path() / "store" / name_;
    const auto bytes = std::filesystem::file_size(log);
    for (int record = 0; record < 100; ++record) commit(std::to_string(record), 100);
    EXPECT_EQ(std::filesystem::file_size(log), bytes);
}

TEST_F(TornWrite, SmallRecordsOfWhichTheFirstAreZerosAreNotSkipped) {
    for (int record = 0; record < 20; ++record) commit(std::to_string(record), 100);
    ASSERT_LT(log_.size(), 32'768U);
    EXPECT_THAT(found_with(without_sector(0, 0)), ElementsAre("refused"));
}

TEST_F(TornWrite, AnEarlierLogMayEndWithZerosButNotWithHalfARecord) {
    commit("a", 100);
    ASSERT_TRUE(test::put(*engine_, Table::devices, "d", "keeps the log from being deleted"));
    const auto first = name_;
    for (int filled = 0; filled < 10 && name_ == first; ++filled) {
        commit("b", 4'000'000);
        commit("c", 100);
    }
    ASSERT_NE(name_, first);
    engine_.reset();  // which takes the zeros from the end of its logs
    const auto earlier = folder_.path() / "store" / first;
    const auto bytes = std::filesystem::file_size(earlier);
    std::filesystem::resize_file(earlier, bytes + zeros_ahead.size());
    EXPECT_THAT(found_with(log_), ElementsAre("a", "b", "c"));
    std::filesystem::resize_file(earlier, bytes - 10);
    EXPECT_THAT(found_with(log_), ElementsAre("refused"));
}

}  // namespace
}  // namespace restante::store
