#include "anvil/compiler/frontend/token_pass.hpp"

#include "anvil/compiler/frontend/attributes.hpp"
#include "anvil/compiler/frontend/declarations.hpp"
#include "anvil/compiler/frontend/keywords.hpp"
#include "anvil/compiler/source/symbols.hpp"
#include "anvil/compiler/source/tokens.hpp"

namespace anvil::compiler {
namespace {

namespace tok = clang::tok;

class TokenPass {
 public:
  explicit TokenPass(const std::string& text) : tokens_(text) {}

  TokenPassResult run() {
    for (size_t i = 0; i < tokens_.size();) i = visit(i);
    return std::move(result_);
  }

 private:
  // Handles token i; gives the index to go on with.
  size_t visit(size_t i) {
    const Token& token = tokens_[i];
    if (token.is(tok::numeric_constant)) {
      if (auto literal = rewrite_literal(token.text)) replace(i, *literal);
    } else if (token.is(tok::string_literal)) {
      string_literal(i);
    } else if (is_attribute_list(tokens_, i)) {
      return attribute_list(i);
    } else if (token.is_identifier() && token.text.starts_with(kReservedPrefix)) {
      error(i, "the name '" + std::string(token.text) + "' is reserved, as is every other that " +
                   "begins with '" + std::string(kReservedPrefix) + "'");
    } else if (token.is_identifier() && !is_member_or_qualified(tokens_, i)) {
      if (token.text == "template" && !tokens_[i + 1].is(tok::less)) return instantiation(i);
      if (token.text == "is_function_constant_defined") defined_query(i);
      if (token.text == "coherent") coherence(i);
      if (token.text == "alignas" && follows_specifier(tokens_, i)) replace(i, "_Alignas");
      keyword(i, keyword_of(token.text));
    }
    return i + 1;
  }

  void replace(size_t i, std::string text) {
    result_.edits.push_back({tokens_[i].begin, tokens_[i].end, std::move(text)});
  }
  void error(size_t i, std::string message) {
    result_.errors.push_back({tokens_[i].begin, std::move(message)});
  }

  void keyword(size_t i, Keyword kind) {
    switch (kind) {
      case Keyword::none:
        return;
      case Keyword::stage:
        replace(i, "");
        return;
      case Keyword::kernel:
        replace(i, annotation("kernel"));
        return;
      case Keyword::address_space:
        array_parameter(i);
        // Metal takes a list of constants for a threadgroup variable, and initialises nothing.
        if (tokens_[i].is("threadgroup"))
          for (const auto& [first, last] : initialiser_lists(tokens_, i))
            for (size_t at = first; at < last; ++at) replace(at, "");
        replace(i, tokens_.qualifies_constructor(i) && tokens_[i].is("constant")
                       ? "__constant"
                       : std::string(qualifier_of(tokens_[i].text)));
        return;
    }
  }

  // The first dimension of an array that is a parameter says nothing, and clang has no address
  // space for it: `device T x[N]` becomes `device T (*x)`.
  void array_parameter(size_t space) {
    const auto name = array_parameter_name(tokens_, space);
    if (!name) return;
    replace(*name, "(*" + std::string(tokens_[*name].text) + ")");
    for (size_t i = *name + 1; i <= tokens_.partner(*name + 1); ++i) replace(i, "");
  }

  // A literal among a call's arguments is in the constant address space; clang's has none.
  void string_literal(size_t first) {
    size_t last = first;
    while (tokens_[last + 1].is(tok::string_literal)) ++last;
    if (first == 0 || tokens_[first - 1].is(tok::string_literal) ||
        !is_argument(tokens_, first, last))
      return;
    result_.edits.push_back({tokens_[first].begin, tokens_[first].end,
                             "((const __constant char*)" + std::string(tokens_[first].text) +
                                 (first == last ? ")" : "")});
    if (first != last) replace(last, std::string(tokens_[last].text) + ")");
  }

  size_t attribute_list(size_t open) {
    const size_t after = tokens_.partner(open) + 1;
    std::string annotations, kept;
    bool is_constant = false;
    for (const Attribute& attribute : parse_attributes(tokens_, open)) {
      if (attribute.scoped || !is_msl_attribute(attribute.name)) {
        if (!kept.empty()) kept += ", ";
        kept += spelled(tokens_, attribute.first, attribute.last);
        continue;
      }
      is_constant |= attribute.name == "function_constant";
      std::string arguments;
      if (attribute.arguments != 0 && keeps_arguments(attribute.name))
        arguments = spelled(tokens_, attribute.arguments + 1, attribute.last - 1);
      // On an argument it names the constant that the argument's presence depends on.
      if (attribute.name == "function_constant" && is_parameter(tokens_, open))
        arguments = '"' + arguments + '"';
      annotations += annotation(attribute.name, arguments);
    }
    if (annotations.empty()) return after;  // C++'s own attributes stay as they are
    if (!kept.empty()) annotations += " [[" + kept + "]]";
    if (open > 0 && tokens_[open - 1].end == tokens_[open].begin) annotations.insert(0, 1, ' ');
    result_.edits.push_back({tokens_[open].begin, tokens_[after - 1].end, annotations});
    if (is_constant && !is_parameter(tokens_, open)) function_constant(open, after);
    return after;
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
          if (edit.begin == tokens_[i].begin) edit.replacement.insert(0, "extern ");
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

  // `coherent` and `coherent(device)` qualify an address space.
  void coherence(size_t i) {
    const bool scoped = tokens_[i + 1].is(tok::l_paren) && tokens_.partner(i + 1) == i + 3;
    const size_t next = scoped ? i + 4 : i + 1;
    const auto is_space = [&](size_t at) {
      return keyword_of(tokens_[at].text) == Keyword::address_space;
    };
    if (!is_space(next) && !(i > 0 && is_space(i - 1)) && !tokens_[next].is("volatile")) return;
    for (size_t at = i; at < next; ++at) replace(at, "");
  }

  // Explicit instantiations of kernels are recorded; others stay. Gives the index to go on with.
  size_t instantiation(size_t first) {
    size_t end = first + 1;
    std::string name;
    bool named = false;
    for (; end < tokens_.size() && !tokens_[end].is(tok::semi); ++end) {
      const Token& token = tokens_[end];
      if (token.is(tok::l_brace) || token.is(tok::r_brace)) return first + 1;
      if (is_attribute_list(tokens_, end)) {
        for (const Attribute& attribute : parse_attributes(tokens_, end)) {
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
    while (at < end &&
           (is_attribute_list(tokens_, at) || keyword_of(tokens_[at].text) != Keyword::none))
      at = is_attribute_list(tokens_, at) ? tokens_.partner(at) + 1 : at + 1;
    at = skip_type(tokens_, at);
    size_t last = at;
    while (last < end && !tokens_[last].is(tok::l_paren)) {
      const size_t past = tokens_.skip_angles(last);
      last = past == last ? last + 1 : past;
    }
    if (name.empty() || last == at) {
      error(first, "an instantiation with [[host_name]] needs a name and a function template");
    } else {
      std::string expression = spelled(tokens_, at, last);
      // Without template arguments the parameters' types say which function it is.
      if (tokens_[last].is(tok::l_paren) && !tokens_[last - 1].is(tok::greater))
        expression =
            "(*static_cast<void (*)(" + parameter_types(tokens_, last) + ")>(&" + expression + "))";
      result_.instances.push_back(
          {name, std::move(expression), tokens_[first].begin, tokens_[end].end});
    }
    result_.edits.push_back({tokens_[first].begin, tokens_[end].end, ""});
    return end + 1;
  }

  const TokenSequence tokens_;
  TokenPassResult result_;
};

}  // namespace

TokenPassResult run_token_pass(const std::string& text) {
  return TokenPass(text).run();
}

}  // namespace anvil::compiler
