#include "core/query/lexer.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace restante::core::query {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool begins_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}
bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

void append_utf8(std::string& text, unsigned code) {
    const auto put = [&](unsigned byte) { text += static_cast<char>(byte); };
    if (code < 0x80) return put(code);
    if (code < 0x800) {
        put(0xC0 | code >> 6);
    } else {
        put(0xE0 | code >> 12);
        put(0x80 | (code >> 6 & 0x3F));
    }
    put(0x80 | (code & 0x3F));
}

class Lexer {
  public:
    explicit Lexer(std::string_view text) : text_(text) {}

    Result<std::vector<Token>> run() {
        std::vector<Token> tokens;
        while (true) {
            while (at_ < text_.size() && is_space(text_[at_])) ++at_;
            Token token{.at = at_};
            if (at_ < text_.size() && !read(token)) {
                return fail(ErrorCode::argument_invalid,
                            fmt::format("the query is not understood at character {}", at_ + 1));
            }
            tokens.push_back(std::move(token));
            if (tokens.back().kind == Token::Kind::end) return tokens;
        }
    }

  private:
    char peek(std::size_t ahead = 0) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }

    bool read(Token& token) {
        const char c = peek();
        if (begins_name(c)) return read_name(token);
        if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return read_number(token);
        if (c == '\'' || c == '"') return read_text(token);
        if (text_.substr(at_).starts_with("[[")) return read_quoted_name(token);
        return read_symbol(token);
    }

    bool read_name(Token& token) {
        token.kind = Token::Kind::name;
        while (begins_name(peek()) || is_digit(peek())) token.text += text_[at_++];
        return true;
    }

    /// [[ a name of any characters ]], but not an array in an array: that begins with no letter.
    bool read_quoted_name(Token& token) {
        const auto end = text_.find("]]", at_ + 2);
        if (end == std::string_view::npos) return false;
        token.kind = Token::Kind::quoted_name;
        token.text = text_.substr(at_ + 2, end - at_ - 2);
        at_ = end + 2;
        return true;
    }

    bool read_number(Token& token) {
        token.kind = Token::Kind::number;
        const char* const end = text_.data() + text_.size();
        const char* const begin = text_.data() + at_;
        const char* stop = begin;
        if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X')) {
            std::uint64_t whole = 0;
            const auto read = std::from_chars(begin + 2, end, whole, 16);
            if (read.ec != std::errc{}) return false;
            token.number = static_cast<double>(whole);
            stop = read.ptr;
        } else {
            const auto read = std::from_chars(begin, end, token.number);
            if (read.ec != std::errc{}) return false;
            stop = read.ptr;
        }
        at_ += static_cast<std::size_t>(stop - begin);
        return !begins_name(peek());
    }

    bool read_text(Token& token) {
        token.kind = Token::Kind::text;
        const char quote = text_[at_++];
        while (at_ < text_.size()) {
            const char c = text_[at_++];
            if (c == quote && peek() != quote) return true;
            if (c == quote) ++at_;  // doubled: one of it
            if (c != '\\') {
                token.text += c;
            } else if (!read_escape(token.text)) {
                return false;
            }
        }
        return false;
    }

    bool read_escape(std::string& text) {
        constexpr std::size_t hex_digits = 4;
        if (at_ >= text_.size()) return false;
        const char c = text_[at_++];
        if (c != 'u') {
            text += c;
            return c == '\\' || c == '\'' || c == '"' || c == '/';
        }
        unsigned code = 0;
        const auto digits = text_.substr(at_, hex_digits);
        const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
        if (digits.size() < hex_digits || read.ptr != digits.data() + hex_digits) return false;
        // Half of a pair is no character.
        if (code >= 0xD800 && code <= 0xDFFF) return false;
        at_ += hex_digits;
        append_utf8(text, code);
        return true;
    }

    bool read_symbol(Token& token) {
        static constexpr std::array<std::string_view, 18> symbols{"!=", "<>", "<=", ">=", "=", "<",
                                                                  ">",  "(",  ")",  "[",  "]", ",",
                                                                  ".",  "*",  "/",  "%",  "+", "-"};
        for (const auto symbol : symbols) {
            if (!text_.substr(at_).starts_with(symbol)) continue;
            token.kind = Token::Kind::symbol;
            token.text = symbol;
            at_ += symbol.size();
            return true;
        }
        return false;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

Result<std::vector<Token>> tokenize(std::string_view text) {
    return Lexer(text).run();
}

}  // namespace restante::core::query
