// samplers: what llama.cpp's chain of samplers leaves of logits, a request a line, in numbers.
//   SIGMA TOP_K TYPICAL TOP_P MIN_P XTC TEMPERATURE RANGE EXPONENT MU
//   LAST_N REPEAT FREQUENCY PRESENCE MULTIPLIER BASE ALLOWED_LENGTH DRY_LAST_N
//   BREAKERS BREAKER... TOKENS TOKEN... LOGITS LOGIT...
// XTC is the threshold, which then acts; 2: it does not. MU above 0 is mirostat's, in place of the
// filters. A line of the answer has the tokens that may be drawn and their logits at the end.
#include <llama.h>

#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "llama-sampler.h"

namespace {

template <class T>
T next(std::istream& line) {
  T value{};
  line >> value;
  return value;
}

template <class T>
std::vector<T> next_row(std::istream& line) {
  std::vector<T> row(next<size_t>(line));
  for (T& value : row) line >> value;
  return row;
}

void answer(std::istream& line) {
  const auto sigma = next<float>(line);
  const auto top_k = next<int>(line);
  const auto typical = next<float>(line), top_p = next<float>(line), min_p = next<float>(line);
  const auto xtc = next<float>(line), temperature = next<float>(line), range = next<float>(line);
  const auto exponent = next<float>(line), mu = next<float>(line);
  const auto last_n = next<int>(line);
  const auto repeat = next<float>(line), frequency = next<float>(line);
  const auto presence = next<float>(line), multiplier = next<float>(line);
  const auto base = next<float>(line);
  const auto allowed = next<int>(line), dry_last_n = next<int>(line);
  std::vector<std::vector<llama_token>> breakers;
  for (const auto breaker : next_row<llama_token>(line)) breakers.push_back({breaker});
  const auto tokens = next_row<llama_token>(line);
  const auto logits = next_row<float>(line);

  llama_sampler* chain = llama_sampler_chain_init(llama_sampler_chain_default_params());
  const auto add = [&](llama_sampler* sampler) { llama_sampler_chain_add(chain, sampler); };
  add(llama_sampler_init_penalties(int(logits.size()), last_n, repeat, frequency, presence));
  if (multiplier != 0.0f && dry_last_n != 0) {
    add(llama_sampler_init_dry_testing(multiplier, base, allowed, dry_last_n, breakers));
  }
  if (mu > 0.0f) {
    add(llama_sampler_init_temp(temperature));
    add(llama_sampler_init_mirostat_v2(1, mu / 2, 0.1f));  // begins at twice its target
  } else {
    add(llama_sampler_init_top_n_sigma(sigma));
    add(llama_sampler_init_top_k(top_k));
    add(llama_sampler_init_typical(typical, 0));
    add(llama_sampler_init_top_p(top_p, 0));
    add(llama_sampler_init_min_p(min_p, 0));
    if (xtc <= 1.0f) add(llama_sampler_init_xtc(1.0f, xtc, 0, 1));
    add(llama_sampler_init_temp_ext(temperature, range, exponent));
  }
  for (const auto token : tokens) llama_sampler_accept(chain, token);
  std::vector<llama_token_data> candidates;
  for (const float logit : logits) {
    candidates.push_back({llama_token(candidates.size()), logit, 0.0f});
  }
  llama_token_data_array left = {candidates.data(), candidates.size(), -1, false};
  llama_sampler_apply(chain, &left);
  for (size_t i = 0; i < left.size; ++i) {
    std::printf("%d %.9g ", left.data[i].id, double(left.data[i].logit));
  }
  std::printf("\n");
  llama_sampler_free(chain);
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream numbers(line);
    answer(numbers);
  }
}
