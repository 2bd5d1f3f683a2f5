#include "history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace restante::simulation {
namespace {

/// The hub keeps one connection for each.
std::string place_of(const Line& line) {
    return fmt::format("{}/{} {}", line.device, line.module, line.protocol);
}

}  // namespace

void History::broken(std::string promise) {
    if (!violation_) violation_ = fmt::format("step {}: {}", step_, promise);
}

History::Message* History::find(std::string_view id) {
    const auto found = messages_.find(id);
    if (found != messages_.end()) return &found->second;
    broken(fmt::format("a message {} came that nobody sent", id));
    return nullptr;
}

// -- sending -------------------------------------------------------------------------------------

History::Sent History::send(const std::string& device, std::uint64_t sender, std::string_view ack,
                            bool expires) {
    const std::uint64_t number = ++last_;
    note("<{}> is sent to {}, ack {}{}", number, device, ack, expires ? ", expires" : "");
    Sent sent{.id = fmt::format("<{}>", number),
              .body = fmt::format("body {} for {}", number, device),
              .ack = std::string(ack)};
    messages_.emplace(sent.id, Message{.device = device,
                                       .body = sent.body,
                                       .ack = sent.ack,
                                       .sender = sender,
                                       .sent_step = step_,
                                       .number = number,
                                       .expires = expires,
                                       .purged = purging_[device] > 0,
                                       .doomed = deleting_.contains(device)});
    return sent;
}

void History::accepted(std::string_view id) {
    note("{} is accepted", id);
    ++accepted_;
    if (auto* message = find(id)) message->accepted = true;
}

void History::refused(std::string_view id) {
    note("{} is refused", id);
    auto* message = find(id);
    if (message == nullptr) return;
    message->refused = true;
    if (message->delivered) broken(fmt::format("{} was refused and delivered", id));
}

// -- receiving -----------------------------------------------------------------------------------

void History::delivered(const Line& line, SteadyTime since, std::uint64_t since_step,
                        std::string_view id, std::string_view body) {
    ++delivered_;
    note("{} comes to {} by {} (line {})", id, line.device, line.protocol, line.id);
    auto* message = find(id);
    if (message == nullptr) return;
    if (message->device != line.device || !line.module.empty()) {
        broken(
            fmt::format("{} for {} came to {}/{}", id, message->device, line.device, line.module));
    }
    if (line.shut_out && line.changes == registrations_.changes(line.device)) {
        broken(fmt::format("{} came to {}, which was shut out", id, line.device));
    }
    if (message->gone_step && since_step > *message->gone_step) {
        broken(fmt::format("{} came after its device was deleted", id));
    }
    if (message->body != body) broken(fmt::format("{} came with another body", id));
    if (message->refused) broken(fmt::format("{} was refused and delivered", id));
    const SteadyTime now = clock_.now().steady;
    // What comes by a line that the hub has ended may have been on its way then.
    const bool prompt = !line.lost && !may_be_ended(line) && now < since + lock_duration_;
    if (message->completed_step && (since_step > *message->completed_step || prompt)) {
        broken(fmt::format("{} came after its completion was acknowledged", id));
    }
    std::erase_if(message->held, [&](const Held& held) { return !holds(held); });
    // What was long on its way may be what this line held before its lock ended.
    if (!message->held.empty() && prompt) {
        broken(fmt::format("{} came by {} while {} held it", id, line.protocol,
                           message->held.front().line->protocol));
    }
    message->held.push_back({.line = &line, .since = since});
    if (!message->delivered) check_order(*message, id);
    message->delivered = true;
}

/// By another connection to the same place, whichever of them comes to it last, or by a change of
/// the registration that its proof was made for.
bool History::may_be_ended(const Line& line) const {
    return contested_.contains(line.id) || line.changes != registrations_.changes(line.device);
}

bool History::holds(const Held& held) const {
    const Line& line = *held.line;
    return !line.lost && !may_be_ended(line) && clock_.now().steady < held.since + lock_duration_;
}

/// Of messages that one connection sent and one received, while nothing came between.
void History::check_order(const Message& message, std::string_view id) {
    const auto disturbed = disturbed_.find(message.device);
    if (disturbed != disturbed_.end() && disturbed->second >= message.sent_step) return;
    if (lines_[message.device] > 1) return;
    for (const auto& [other_id, other] : messages_) {
        const bool later = other.device == message.device && other.sender == message.sender &&
                           other.number > message.number;
        if (later && other.delivered) broken(fmt::format("{} came before {}", other_id, id));
    }
}

void History::settling(const Line& line, std::string_view id, Ending ending) {
    note("{} is settled by line {}: {}", id, line.id, static_cast<int>(ending));
    auto* message = find(id);
    if (message == nullptr) return;
    std::erase_if(message->held, [&](const Held& held) { return held.line == &line; });
    if (ending != Ending::abandon) message->asked.insert(ending);
}

void History::settled(std::string_view id, Ending ending) {
    note("{} has been settled: {}", id, static_cast<int>(ending));
    auto* message = find(id);
    if (message == nullptr || ending == Ending::abandon) return;
    if (!message->completed_step) message->completed_step = step_;
}

// -- feedback ------------------------------------------------------------------------------------

/// The records of a batch: whose end, and how it ended.
History::Records History::records_of(std::string_view json) {
    Records records;
    constexpr std::string_view id_name = R"("originalMessageId":")";
    constexpr std::string_view status_name = R"("statusCode":")";
    std::size_t at = 0;
    while ((at = json.find(id_name, at)) != std::string_view::npos) {
        at += id_name.size();
        const auto id = json.substr(at, json.find('"', at) - at);
        const auto status_at = json.find(status_name, at) + status_name.size();
        records.emplace(id, json.substr(status_at, json.find('"', status_at) - status_at));
    }
    return records;
}

/// A batch that came before comes again as it was, but for devices that were deleted meanwhile.
std::size_t History::batch_of(const Records& records) {
    for (std::size_t i = 0; i < batches_.size(); ++i) {
        const auto stays = [&](const auto& record) {
            const auto* message = find(record.first);
            return records.contains(record) || (message != nullptr && message->doomed);
        };
        if (std::ranges::includes(batches_[i], records) &&
            std::ranges::all_of(batches_[i], stays)) {
            return i;
        }
    }
    batches_.push_back(records);
    return batches_.size() - 1;
}

void History::feedback(std::uint64_t since_step, std::string_view json) {
    note("feedback {}", json);
    const Records records = records_of(json);
    const std::size_t batch = batch_of(records);
    const auto settled = settled_batch_step_.find(batch);
    if (settled != settled_batch_step_.end() && since_step > settled->second) {
        broken("a batch of feedback came after its completion was acknowledged");
    }
    for (const auto& [id, status] : records) {
        auto* message = find(id);
        if (message == nullptr) return;
        message->feedback.emplace(batch, status);
        if (message->feedback.size() > 1) {
            broken(fmt::format("two feedback records for {}: {} and {}", id,
                               message->feedback.begin()->second, status));
        }
    }
}

void History::feedback_settled(std::string_view json) {
    note("feedback completed {}", json.size());
    settled_batch_step_.emplace(batch_of(records_of(json)), step_);
}

// -- what comes between --------------------------------------------------------------------------

void History::line_opened(const Line& line) {
    note("line {} opens: {} by {}", line.id, line.device, line.protocol);
    disturbed_[line.device] = step_;
    ++lines_[line.device];
    if (line.protocol == "https") return;
    auto& open = at_place_[place_of(line)];
    open.insert(line.id);
    if (open.size() > 1) contested_.insert(open.begin(), open.end());
}

void History::line_lost(const Line& line) {
    note("line {} is lost", line.id);
    disturbed_[line.device] = step_;
    --lines_[line.device];
    at_place_[place_of(line)].erase(line.id);
    for (auto& [id, message] : messages_) {
        std::erase_if(message.held, [&](const Held& held) { return held.line == &line; });
    }
}

void History::disturbed() {
    note("everybody is disturbed");
    for (auto& [device, step] : disturbed_) step = step_;
    for (auto& [id, message] : messages_) message.held.clear();
}

void History::purging(const std::string& device) {
    note("{} is purged", device);
    ++purging_[device];
    for (auto& [id, message] : messages_) {
        if (message.device == device) message.purged = true;
    }
}

void History::deleting(const std::string& device) {
    purging(device);
    deleting_[device] = step_;
    for (auto& [id, message] : messages_) {
        if (message.device == device) message.doomed = true;
    }
}

void History::deleted(const std::string& device, bool surely) {
    purged(device);
    const std::uint64_t since = deleting_.at(device);
    deleting_.erase(device);
    if (!surely) return;
    note("{} is deleted", device);
    for (auto& [id, message] : messages_) {
        const bool before = message.device == device && message.sent_step < since;
        if (before && !message.gone_step) message.gone_step = step_;
    }
}

void History::damaged(std::string_view id) {
    note("{} is damaged", id);
    if (auto* message = find(id)) message->damaged = true;
}

// -- the end -------------------------------------------------------------------------------------

void History::finish() {
    for (const auto& [id, message] : messages_) {
        check_end(id, message);
        check_feedback(id, message);
    }
}

void History::check_end(const std::string& id, const Message& message) {
    const bool excused = message.expires || message.purged || message.damaged;
    if (!message.accepted || excused) return;
    if (message.asked.empty()) {
        broken(fmt::format("{} for {} was acknowledged and is lost", id, message.device));
    }
}

void History::check_feedback(const std::string& id, const Message& message) {
    if (message.damaged) return;
    const bool was_there = message.accepted || message.delivered;
    const bool has = !message.feedback.empty();
    const bool only_completed =
        message.asked == std::set{Ending::complete} && !message.expires && !message.purged;
    const bool only_rejected =
        message.asked == std::set{Ending::reject} && !message.expires && !message.purged;
    const bool due = message.ack == "full" || (message.ack == "positive" && only_completed) ||
                     (message.ack == "negative" && only_rejected);
    if (was_there && due && !has && !message.doomed)
        broken(fmt::format("no feedback for {} ({})", id, message.ack));
    if (!has) return;
    const std::string& status = message.feedback.begin()->second;
    const bool success = status == "Success";
    const bool asked_for =
        message.ack == "full" || (success ? message.ack == "positive" : message.ack == "negative");
    if (!asked_for) broken(fmt::format("feedback {} for {} ({})", status, id, message.ack));
    if (success && !message.asked.contains(Ending::complete)) {
        broken(fmt::format("feedback says that {} was completed, which nobody did", id));
    }
    if (status == "Rejected" && !message.asked.contains(Ending::reject)) {
        broken(fmt::format("feedback says that {} was rejected, which nobody did", id));
    }
    if (status == "Expired" && !message.expires) {
        broken(fmt::format("feedback says that {} has expired, which was not its time", id));
    }
}

}  // namespace restante::simulation
