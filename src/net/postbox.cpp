#include "net/postbox.hpp"

#include <utility>

#include "net/connection.hpp"

namespace restante::net {

Postbox::Postbox(std::shared_ptr<Loop> loop, std::weak_ptr<Connection> connection)
    : loop_(std::move(loop)), connection_(std::move(connection)) {}

void Postbox::post(Work work) {
    {
        const std::lock_guard guard(mutex_);
        waiting_.push_back(std::move(work));
        if (waiting_.size() > 1) return;  // the loop has been told
    }
    const bool taken = loop_->post([self = shared_from_this()] { self->look(); });
    if (!taken) take_all();
}

void Postbox::close() {
    loop_->post([connection = connection_] {
        if (const auto open = connection.lock()) {
            open->close(Error(ErrorCode::cancelled, "closed by this end"));
        }
    });
}

std::vector<Work> Postbox::take_all() {
    const std::lock_guard guard(mutex_);
    return std::exchange(waiting_, {});
}

void Postbox::look() {
    auto all = take_all();
    if (const auto open = connection_.lock()) open->run(all);
}

}  // namespace restante::net
