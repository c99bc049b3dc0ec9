#include "anvil/compiler/frontend/token_pass.hpp"

#include "anvil/compiler/frontend/duplicates.hpp"
#include "anvil/compiler/frontend/keywords.hpp"
#include "anvil/compiler/source/symbols.hpp"
#include "anvil/compiler/source/tokens.hpp"

namespace anvil::compiler {
namespace {

namespace tok = clang::tok;

class TokenPass {
 public:
  explicit TokenPass(const std::string& text) : text_(text), tokens_(text) {}

  TokenPassResult run() {
    for (size_t i = 0; i < tokens_.size();) i = visit(i);
    for (const Edit& edit : find_duplicates(tokens_)) result_.edits.push_back(edit);
    return std::move(result_);
  }

 private:
  // Handles token i; gives the index to go on with.
  size_t visit(size_t i) {
    const Token& token = tokens_[i];
    if (token.is(tok::numeric_constant)) {
      if (auto literal = rewrite_literal(token.text)) replace(i, *literal);
    } else if (is_attribute_list(i)) {
      return attribute_list(i);
    } else if (token.is_identifier() && token.text.starts_with(kReservedPrefix)) {
      error(i, "the name '" + std::string(token.text) + "' is reserved, as is every other that " +
                   "begins with '" + std::string(kReservedPrefix) + "'");
    } else if (token.is_identifier() && !is_member_or_qualified(i)) {
      if (token.text == "template" && !tokens_[i + 1].is(tok::less)) return instantiation(i);
      if (token.text == "is_function_constant_defined") defined_query(i);
      if (token.text == "coherent") coherence(i);
      if (token.text == "static_cast" && may_be_small_float(i + 1))
        replace(i, "__anvil_static_cast");
      word(i, classify_word(token.text));
    }
    return i + 1;
  }

  void replace(size_t i, std::string text) {
    result_.edits.push_back({tokens_[i].begin, tokens_[i].end, std::move(text)});
  }
  void error(size_t i, std::string message) {
    result_.errors.push_back({tokens_[i].begin, std::move(message)});
  }
  bool is_member_or_qualified(size_t i) const {
    if (i == 0) return false;
    const Token& before = tokens_[i - 1];
    return before.is(tok::period) || before.is(tok::arrow) || before.is(tok::coloncolon);
  }

  void word(size_t i, Word kind) {
    switch (kind) {
      case Word::none:
        return;
      case Word::stage:
        replace(i, "");
        return;
      case Word::kernel:
        replace(i, annotation("kernel"));
        find_parameters(i + 1);
        return;
      case Word::threadgroup:
        if (is_threadgroup_variable(i)) {
          const bool has_static = i > 0 && tokens_[i - 1].is("static");
          replace(i, (has_static ? "" : "static ") + ("__attribute__((section(\"" +
                                                      std::string(kThreadgroupSection) + "\")))"));
          return;
        }
        [[fallthrough]];
      case Word::address_space:
        replace(i, is_parameter_specifier(i) ? annotation(tokens_[i].text) : "");
        return;
      case Word::constant:
        if (tokens_.qualifies_constructor(i)) {
          replace(i, "");
          return;
        }
        replace(i, is_parameter_specifier(i) ? "const " + annotation("constant") : "const");
        return;
    }
  }

  // --- Attributes -------------------------------------------------------------------------------

  bool is_attribute_list(size_t i) const {
    return tokens_[i].is(tok::l_square) && tokens_[i + 1].is(tok::l_square) &&
           tokens_.partner(i) < tokens_.size() && tokens_.partner(i + 1) + 1 == tokens_.partner(i);
  }

  struct Attribute {
    size_t first, last;  // tokens [first, last)
    std::string_view name;
    size_t arguments = 0;  // index of the opening parenthesis, or 0
    bool scoped = false;
  };
  std::vector<Attribute> parse_attributes(size_t open) const {
    std::vector<Attribute> attributes;
    const size_t close = tokens_.partner(open + 1);
    for (size_t i = open + 2; i < close;) {
      Attribute attribute{i, i, tokens_[i].text};
      while (i < close && !tokens_[i].is(tok::comma)) {
        attribute.scoped |= tokens_[i].is(tok::coloncolon);
        if (tokens_[i].is(tok::l_paren)) {
          if (attribute.arguments == 0) attribute.arguments = i;
          if (tokens_.partner(i) < close) i = tokens_.partner(i);
        }
        ++i;
      }
      attribute.last = i++;
      if (attribute.last > attribute.first) attributes.push_back(attribute);
    }
    return attributes;
  }
  std::string_view source(size_t first, size_t last) const {
    if (first >= last) return {};
    const uint32_t begin = tokens_[first].begin;
    return std::string_view(text_).substr(begin, tokens_[last - 1].end - begin);
  }
  // Tokens on one line, in C++ spelling.
  std::string spelled(size_t first, size_t last) const {
    std::string text;
    for (size_t i = first; i < last; ++i) {
      const Token& token = tokens_[i];
      const Word kind = token.is_identifier() ? classify_word(token.text) : Word::none;
      if (kind != Word::none && kind != Word::constant) continue;
      if (!text.empty()) text += ' ';
      if (kind == Word::constant) {
        text += "const";
      } else if (auto literal =
                     token.is(tok::numeric_constant) ? rewrite_literal(token.text) : std::nullopt) {
        text += *literal;
      } else {
        text += token.text;
      }
    }
    return text;
  }

  size_t attribute_list(size_t open) {
    const size_t after = tokens_.partner(open) + 1;
    std::string annotations, kept;
    bool is_kernel = false, is_constant = false;
    for (const Attribute& attribute : parse_attributes(open)) {
      if (attribute.scoped || !is_msl_attribute(attribute.name)) {
        if (!kept.empty()) kept += ", ";
        kept += spelled(attribute.first, attribute.last);
        continue;
      }
      is_kernel |= attribute.name == "kernel";
      is_constant |= attribute.name == "function_constant";
      std::string arguments;
      if (attribute.arguments != 0 && keeps_arguments(attribute.name))
        arguments = spelled(attribute.arguments + 1, attribute.last - 1);
      // On an argument it names the constant that the argument's presence depends on.
      if (attribute.name == "function_constant" && in_parameters(open))
        arguments = '"' + arguments + '"';
      annotations += annotation(attribute.name, arguments);
    }
    if (annotations.empty()) return after;  // C++'s own attributes stay as they are
    if (!kept.empty()) annotations += " [[" + kept + "]]";
    if (open > 0 && tokens_[open - 1].end == tokens_[open].begin) annotations.insert(0, 1, ' ');
    result_.edits.push_back({tokens_[open].begin, tokens_[after - 1].end, annotations});
    if (is_kernel) find_parameters(after);
    if (is_constant && !in_parameters(open)) function_constant(open, after);
    return after;
  }

  // --- Kernel parameters ------------------------------------------------------------------------

  // Finds the parameter list of the kernel whose declaration goes on at token i.
  void find_parameters(size_t i) {
    for (; i < tokens_.size(); ++i) {
      const Token& token = tokens_[i];
      if (token.is(tok::semi) || token.is(tok::l_brace) || token.is(tok::r_brace)) return;
      if (is_attribute_list(i)) {
        i = tokens_.partner(i);
      } else if (token.is(tok::less)) {
        if (const size_t past = tokens_.skip_angles(i); past != i) i = past - 1;
      } else if (token.is(tok::l_paren)) {
        if (tokens_.partner(i) >= tokens_.size()) return;
        if (tokens_[i - 1].is("decltype") || tokens_[i - 1].is("__attribute__") ||
            tokens_[i - 1].is("alignas")) {
          i = tokens_.partner(i);
          continue;
        }
        parameters_begin_ = i;
        parameters_end_ = tokens_.partner(i);
        return;
      }
    }
  }
  bool in_parameters(size_t i) const { return i > parameters_begin_ && i < parameters_end_; }
  // Whether token i is one of the specifiers a kernel's parameter begins with.
  bool is_parameter_specifier(size_t i) const {
    if (!in_parameters(i)) return false;
    size_t at = parameters_begin_ + 1;
    while (at < i) {
      const Token& token = tokens_[at];
      if (token.is(tok::l_paren) || token.is(tok::l_square) || token.is(tok::l_brace)) {
        at = tokens_.partner(at) + 1;
      } else if (token.is(tok::less)) {
        const size_t past = tokens_.skip_angles(at);
        at = past == at ? at + 1 : past;
      } else {
        ++at;
      }
    }
    if (at != i) return false;  // inside of brackets
    for (; at > parameters_begin_ + 1 && !tokens_[at - 1].is(tok::comma); --at) {
      const Token& before = tokens_[at - 1];
      if (before.is(tok::star) || before.is(tok::amp) || before.is(tok::ampamp)) return false;
    }
    return true;
  }

  // --- Declarations -----------------------------------------------------------------------------

  // `threadgroup T x[N];`, as against `threadgroup T* x`, a cast or a template argument.
  bool is_threadgroup_variable(size_t i) const {
    if (i > 0) {
      const Token& before = tokens_[i - 1];
      if (before.is(tok::l_paren) || before.is(tok::comma) || before.is(tok::less)) return false;
    }
    int names = 0;
    for (size_t at = i + 1; at < tokens_.size();) {
      const Token& token = tokens_[at];
      if (token.is("decltype") && tokens_[at + 1].is(tok::l_paren)) {
        at = tokens_.partner(at + 1) + 1;
        ++names;
      } else if (token.is_identifier()) {
        const bool qualifier = token.text == "const" || token.text == "volatile" ||
                               token.text == "typename" || token.text == "struct" ||
                               token.text == "template" || is_member_or_qualified(at);
        if (!qualifier) ++names;
        ++at;
      } else if (token.is(tok::coloncolon)) {
        ++at;
      } else if (token.is(tok::less)) {
        const size_t past = tokens_.skip_angles(at);
        if (past == at) return false;
        at = past;
      } else if (is_attribute_list(at)) {
        at = tokens_.partner(at) + 1;
      } else {
        return names >= 2 &&
               (token.is(tok::semi) || token.is(tok::l_square) || token.is(tok::equal) ||
                token.is(tok::comma) || token.is(tok::l_brace));
      }
    }
    return false;
  }

  // `constant T x [[function_constant(i)]];` becomes an external constant and its flag.
  void function_constant(size_t open, size_t after) {
    const Token& name = tokens_[open == 0 ? tokens_.size() : open - 1];
    if (!name.is_identifier() || !tokens_[after].is(tok::semi)) {
      error(open, "a function constant is declared as 'constant T name [[function_constant(i)]];'");
      return;
    }
    size_t first = open;
    while (first > 0 && !tokens_[first - 1].is(tok::semi) && !tokens_[first - 1].is(tok::l_brace) &&
           !tokens_[first - 1].is(tok::r_brace))
      --first;
    bool constant = false;
    for (size_t i = first; i < open; ++i) {
      if (tokens_[i].is("static") || tokens_[i].is("constexpr")) replace(i, "");
      if (tokens_[i].is("constant") && !constant) {
        constant = true;
        for (Edit& edit : result_.edits)
          if (edit.begin == tokens_[i].begin) edit.replacement = "extern const";
      }
    }
    if (!constant) {
      error(open, "function constant '" + std::string(name.text) +
                      "' must be declared in the constant address space");
      return;
    }
    replace(after,
            "; extern const bool " + std::string(kDefinedPrefix) + std::string(name.text) + ";");
  }

  // is_function_constant_defined(a::x) becomes (a::__anvil_defined_x).
  void defined_query(size_t i) {
    if (!tokens_[i + 1].is(tok::l_paren)) return;
    const size_t close = tokens_.partner(i + 1);
    if (close >= tokens_.size() || !tokens_[close - 1].is_identifier()) return;
    for (size_t at = i + 2; at < close; ++at)
      if (!tokens_[at].is_identifier() && !tokens_[at].is(tok::coloncolon)) return;
    const std::string name(tokens_[close - 1].text);
    replace(i, "");
    replace(close - 1, std::string(kDefinedPrefix) + name);
    result_.guarded_constants.insert(name);
  }

  // Whether the template argument list at `open` may name half or bfloat, between which clang has
  // no conversion: it is a name, and not of a type that has nothing to do with them.
  bool may_be_small_float(size_t open) const {
    const size_t past = tokens_.skip_angles(open);
    if (past == open || !tokens_[past].is(tok::l_paren)) return false;
    for (size_t i = open + 1; i + 1 < past; ++i) {
      const Token& token = tokens_[i];
      if (token.is(tok::star) || token.is(tok::amp) || token.is(tok::ampamp)) return false;
      for (const char* other : {"bool", "char", "uchar", "short", "ushort", "int", "uint", "long",
                                "ulong", "unsigned", "float", "void"})
        if (past == open + 3 && token.is(other)) return false;
    }
    return true;
  }

  // `coherent` and `coherent(device)` qualify an address space.
  void coherence(size_t i) {
    const bool scoped = tokens_[i + 1].is(tok::l_paren) && tokens_.partner(i + 1) == i + 3;
    const size_t next = scoped ? i + 4 : i + 1;
    const auto is_space = [&](size_t at) {
      const Word kind = classify_word(tokens_[at].text);
      return kind == Word::address_space || kind == Word::threadgroup;
    };
    if (!is_space(next) && !(i > 0 && is_space(i - 1)) && !tokens_[next].is("volatile")) return;
    for (size_t at = i; at < next; ++at) replace(at, "");
  }

  // Past `decltype(...)` or a name with its qualifiers and template arguments.
  size_t skip_type(size_t at) const {
    if (tokens_[at].is("decltype") && tokens_[at + 1].is(tok::l_paren))
      return tokens_.partner(at + 1) + 1;
    for (;;) {
      if (tokens_[at].is(tok::coloncolon)) ++at;
      if (tokens_[at].is("typename") || tokens_[at].is("template")) ++at;
      if (!tokens_[at].is_identifier()) return at;
      at = tokens_.skip_angles(at + 1);
      if (!tokens_[at].is(tok::coloncolon)) return at;
    }
  }

  // Explicit instantiations of kernels are recorded; others stay. Gives the index to go on with.
  size_t instantiation(size_t first) {
    size_t end = first + 1;
    std::string name;
    bool named = false;
    for (; end < tokens_.size() && !tokens_[end].is(tok::semi); ++end) {
      const Token& token = tokens_[end];
      if (token.is(tok::l_brace) || token.is(tok::r_brace)) return first + 1;
      if (is_attribute_list(end)) {
        for (const Attribute& attribute : parse_attributes(end)) {
          if (attribute.name != "host_name" || attribute.arguments == 0) continue;
          named = true;
          for (size_t i = attribute.arguments + 1; i + 1 < attribute.last; ++i)
            if (tokens_[i].is(tok::string_literal) && tokens_[i].text.size() >= 2)
              name += tokens_[i].text.substr(1, tokens_[i].text.size() - 2);
        }
        end = tokens_.partner(end);
      } else if (token.is(tok::l_paren) || token.is(tok::l_square)) {
        if (tokens_.partner(end) >= tokens_.size()) return first + 1;
        end = tokens_.partner(end);
      }
    }
    if (!named || end >= tokens_.size()) return first + 1;

    // The declarator's name: what follows the return type (void, a typedef or a decltype).
    size_t at = first + 1;
    while (at < end && (is_attribute_list(at) || classify_word(tokens_[at].text) != Word::none))
      at = is_attribute_list(at) ? tokens_.partner(at) + 1 : at + 1;
    at = skip_type(at);
    size_t last = at;
    while (last < end && !tokens_[last].is(tok::l_paren)) {
      const size_t past = tokens_.skip_angles(last);
      last = past == last ? last + 1 : past;
    }
    if (name.empty() || last == at) {
      error(first, "an instantiation with [[host_name]] needs a name and a function template");
    } else {
      result_.instances.push_back(
          {name, spelled(at, last), tokens_[first].begin, tokens_[end].end});
    }
    result_.edits.push_back({tokens_[first].begin, tokens_[end].end, ""});
    return end + 1;
  }

  const std::string& text_;
  TokenSequence tokens_;
  TokenPassResult result_;
  size_t parameters_begin_ = 0;  // of the kernel last seen: its parentheses
  size_t parameters_end_ = 0;
};

}  // namespace

TokenPassResult run_token_pass(const std::string& text) {
  return TokenPass(text).run();
}

}  // namespace anvil::compiler
