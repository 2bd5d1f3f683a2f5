// Registry's queries: long work on the hub's loop, cut into slices.

#include <algorithm>

#include "hub/hub.hpp"
#include "model/limits.hpp"

namespace restante::hub {
namespace {

/// What one slice may cost: identities times nodes of the condition. Some milliseconds.
constexpr std::size_t slice_nodes_max = 20'000;

}  // namespace

struct Registry::QueryJob {
    core::query::Execution execution;
    Answer<core::query::Page> answer;
    std::optional<model::DeviceId> from;  ///< where the next slice begins
};

void Registry::query(core::query::Query query, std::size_t items_max, core::query::Position from,
                     Answer<core::query::Page> answer) {
    hub_.on_loop([this, query = std::move(query), items_max, from = std::move(from),
                  answer = std::move(answer)]() mutable {
        if (queries_ >= model::limits::queries_max) {
            return answer(fail(ErrorCode::throttled, "too many queries at once: ask again later"));
        }
        ++queries_;
        auto observe = [this](const model::DeviceId& device) {
            const auto observed = hub_.attachments_.observe(device);
            return core::query::Activity{
                .connected = observed.connected,
                .last_activity_at = observed.active_at,
                .cloud_to_device_message_count = hub_.state_.queue_size(device)};
        };
        auto job = std::make_unique<QueryJob>(
            core::query::Execution(std::move(query), items_max, std::move(from), observe),
            std::move(answer), std::nullopt);
        const auto& execution = job->execution;
        const auto& prefix = execution.scope().prefix;
        // A prefix that is no id at all is looked up from the front; the condition decides.
        if (auto id = model::DeviceId::parse(std::max(execution.position().device, prefix))) {
            job->from = std::move(*id);
        }
        run_slice(std::move(job));
    });
}

void Registry::run_slice(std::unique_ptr<QueryJob> job) {
    auto& execution = job->execution;
    bool all_offered = true;
    if (const auto& ids = execution.scope().device_ids) {
        const std::string from = job->from ? job->from->value() : std::string();
        for (const auto& text : *ids) {
            const auto id = model::DeviceId::parse(text);
            const auto* device = id && text >= from ? hub_.state_.find(*id) : nullptr;
            if (device && !execution.full()) execution.offer(*device, hub_.state_.modules(*id));
        }
        all_offered = !execution.full();
    } else if (!execution.full()) {
        std::size_t left = std::max<std::size_t>(1, slice_nodes_max / execution.query().nodes);
        const std::string& prefix = execution.scope().prefix;
        hub_.state_.visit(job->from ? &*job->from : nullptr, [&](const auto& device, auto modules) {
            if (left-- == 0) {
                job->from = device.id;
                all_offered = false;
                return false;
            }
            if (device.id.value() > prefix && !device.id.value().starts_with(prefix)) return false;
            execution.offer(device, modules);
            all_offered = !execution.full();
            return all_offered;
        });
    }
    if (!all_offered && !execution.full()) {
        return hub_.on_loop([this, job = std::move(job)]() mutable { run_slice(std::move(job)); });
    }
    --queries_;
    hub_.commit({}, [answer = std::move(job->answer), page = execution.finish(all_offered)](
                        const auto&) mutable { answer(std::move(page)); });
}

}  // namespace restante::hub
