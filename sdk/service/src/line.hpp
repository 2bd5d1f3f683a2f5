#pragma once
// A connection of the SDK as the threads know it that call on it: they post work to its session and
// wait for the answer, never without a deadline.

#include <future>
#include <memory>
#include <optional>

#include "service_account.hpp"

namespace restante::service {

/// `S` is a LinkSession. Shared by the session, its owner and the calls under way.
template <class S>
struct Line {
    S* session = nullptr;  ///< for posted work alone, which runs only while there is one
    net::ConnectionHandle connection;
    std::promise<Error> end;
    std::shared_future<Error> ended{end.get_future()};

    bool over() const {
        return ended.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    }
};

/// `arguments` come before the session's Ended.
template <class S, class... Arguments>
std::shared_ptr<Line<S>> open_line(ServiceAccount& account, Arguments&&... arguments) {
    auto line = std::make_shared<Line<S>>();
    auto session =
        std::make_unique<S>(account, std::forward<Arguments>(arguments)...,
                            [line](const Error& reason) { line->end.set_value(reason); });
    line->session = session.get();
    line->connection = account.connect_amqp(std::move(session));
    return line;
}

/// Has `call(session, answer)` made on the loop, and waits for the answer. nullopt when the
/// connection had ended before the call reached it: nothing was done.
template <class S, class Call>
std::optional<Result<void>> ask(const Line<S>& line, SteadyTime deadline, Call call) {
    auto promise = std::make_shared<std::promise<Result<void>>>();
    auto future = promise->get_future();
    line.connection.post(
        [session = line.session, call = std::move(call), promise = std::move(promise)]() mutable {
            call(*session, [promise = std::move(promise)](Result<void> result) {
                promise->set_value(std::move(result));
            });
        });
    if (future.wait_until(deadline) != std::future_status::ready) {
        return fail(ErrorCode::timeout,
                    "the hub did not answer in time: it may or may not have done what was asked");
    }
    try {
        return future.get();
    } catch (const std::future_error&) {
        // Work posted to a connection that has ended is dropped, which breaks its promise.
        return std::nullopt;
    }
}

/// Ends the connection in good order if the hub answers soon, else at once.
template <class S>
void close_line(const Line<S>& line) {
    constexpr std::chrono::seconds farewell_timeout{1};
    line.connection.post([session = line.session] { session->close(); });
    line.ended.wait_for(farewell_timeout);
    line.connection.close();
}

}  // namespace restante::service
