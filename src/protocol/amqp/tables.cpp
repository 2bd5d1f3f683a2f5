#include "protocol/amqp/tables.hpp"

#include <algorithm>

namespace restante::amqp {
namespace {

// An id is an index, made unique by a number that is not given twice while an old one may still be
// held: 2^32 attaches later.
constexpr unsigned index_bits = 32;

std::uint64_t make_id(std::uint32_t number, std::size_t index) {
    return std::uint64_t{number} << index_bits | index;
}

template <class Id>
std::size_t index_of(Id id) {
    return static_cast<std::uint32_t>(id);
}

template <class Id, class Element>
Element* find_in(const std::vector<std::unique_ptr<Element>>& table, Id id) {
    const std::size_t index = index_of(id);
    if (index >= table.size() || !table[index] || table[index]->id != id) return nullptr;
    return table[index].get();
}

template <class T>
void put(std::vector<T>& table, std::size_t index, T none, T value) {
    if (index >= table.size()) table.resize(index + 1, none);
    table[index] = value;
}

}  // namespace

Session* Tables::find(SessionId id) const {
    return find_in(sessions_, id);
}

Link* Tables::find(LinkId id) const {
    return find_in(links_, id);
}

Session* Tables::on_channel(std::uint16_t channel_in) const {
    if (channel_in >= channels_in_.size() || channels_in_[channel_in] == no_channel) return nullptr;
    return sessions_[channels_in_[channel_in]].get();
}

Session* Tables::on_own_channel(std::uint16_t channel) const {
    return channel < sessions_.size() ? sessions_[channel].get() : nullptr;
}

Link* Tables::on_handle(const Session& session, std::uint32_t handle_in) const {
    if (handle_in >= session.handles_in.size()) return nullptr;
    const LinkSlot slot = session.handles_in[handle_in];
    return slot == no_link ? nullptr : links_[slot].get();
}

std::uint16_t Tables::channel_of(const Session& session) {
    return static_cast<std::uint16_t>(index_of(session.id));
}

LinkSlot Tables::slot_of(const Link& link) {
    return static_cast<LinkSlot>(index_of(link.id));
}

Session* Tables::add_session(std::uint16_t peer_channel_max) {
    const auto free = std::ranges::find_if(sessions_, [](const auto& used) { return !used; });
    const auto channel = static_cast<std::size_t>(free - sessions_.begin());
    if (channel > std::min(channel_max, peer_channel_max)) return nullptr;
    if (free == sessions_.end()) sessions_.emplace_back();
    sessions_[channel] = std::make_unique<Session>();
    sessions_[channel]->id = SessionId{make_id(++ids_given_, channel)};
    ++session_count_;
    return sessions_[channel].get();
}

void Tables::bind(Session& session, std::uint16_t channel_in) {
    session.channel_in = channel_in;
    put(channels_in_, channel_in, no_channel, channel_of(session));
}

void Tables::drop_links(Session& session) {
    for_each_link(session, [this](Link& link) { release(link); });
    session.handles_in = {};
    session.handles_out = {};
    session.unsettled_in = {};
    session.unsettled_out = {};
    session.backlog.reset();
}

void Tables::remove(Session& session) {
    drop_links(session);
    if (session.channel_in) channels_in_[*session.channel_in] = no_channel;
    sessions_[channel_of(session)].reset();
    --session_count_;
}

Link* Tables::add_link(Session& session) {
    const auto free = std::ranges::find(session.handles_out, no_link);
    const auto handle = static_cast<std::uint32_t>(free - session.handles_out.begin());
    if (link_count_ >= links_max || handle > std::min(handle_max, session.peer_handle_max)) {
        return nullptr;
    }
    if (free_slots_.empty()) {
        free_slots_.push_back(static_cast<LinkSlot>(links_.size()));
        links_.emplace_back();
    }
    const LinkSlot slot = free_slots_.back();
    free_slots_.pop_back();
    links_[slot] = std::make_unique<Link>();
    Link& link = *links_[slot];
    link.id = LinkId{make_id(++ids_given_, slot)};
    link.channel = channel_of(session);
    link.handle_out = handle;
    put(session.handles_out, handle, no_link, slot);
    ++link_count_;
    return &link;
}

void Tables::bind(Session& session, Link& link, std::uint32_t handle_in) {
    link.handle_in = handle_in;
    put(session.handles_in, handle_in, no_link, slot_of(link));
}

void Tables::remove(Link& link) {
    drop_deliveries(link);
    Session& session = session_of(link);
    if (link.handle_in) session.handles_in[*link.handle_in] = no_link;
    session.handles_out[link.handle_out] = no_link;
    release(link);
}

void Tables::release(Link& link) {
    const LinkSlot slot = slot_of(link);
    drop_assembly(link);
    links_[slot].reset();
    free_slots_.push_back(slot);
    --link_count_;
}

void Tables::drop_deliveries(Link& link) {
    drop_assembly(link);
    Session& session = session_of(link);
    const auto of_link = [slot = slot_of(link)](const auto& delivery) {
        return delivery.link == slot;
    };
    session.unsettled_in.erase_if(of_link);
    session.unsettled_out.erase_if(of_link);
    if (session.backlog && of_link(*session.backlog)) session.backlog.reset();
    link.unsettled = 0;
}

void Tables::drop_assembly(Link& link) {
    if (!link.assembly) return;
    assembly_bytes -= link.assembly->payload.size();
    link.assembly.reset();
}

}  // namespace restante::amqp
