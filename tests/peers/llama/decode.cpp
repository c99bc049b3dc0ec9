// decode: a model continues prompts greedily, one token after the other, on one of llama.cpp's
// backends.
//   decode MODEL metal|cpu products|flash TOKENS THREADS PROMPT...   prints JSON
//   decode widen MODEL RESULT                                        the same weights in 32 bits
#include <ggml-backend.h>
#include <llama.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "decode: %s\n", what.c_str());
  std::exit(1);
}

double user_milliseconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return double(usage.ru_utime.tv_sec) * 1e3 + double(usage.ru_utime.tv_usec) * 1e-3;
}

void widen(const char* from, const char* to) {
  llama_model_quantize_params parameters = llama_model_quantize_default_params();
  parameters.ftype = LLAMA_FTYPE_ALL_F32;
  parameters.allow_requantize = true;
  if (llama_model_quantize(from, to, &parameters) != 0) fail(std::string("cannot widen ") + from);
}

std::vector<llama_token> tokens_of(const llama_vocab* vocabulary, const std::string& text) {
  std::vector<llama_token> tokens(text.size() + 8);
  const int count =
      llama_tokenize(vocabulary, text.data(), int(text.size()), tokens.data(), int(tokens.size()),
                     /*add_special=*/false, /*parse_special=*/false);
  if (count <= 0) fail("no tokens: " + text);
  tokens.resize(size_t(count));
  return tokens;
}

llama_token decode(llama_context* context, std::vector<llama_token> batch, int vocabulary) {
  if (llama_decode(context, llama_batch_get_one(batch.data(), int(batch.size()))) != 0)
    fail("llama_decode failed");
  const float* logits = llama_get_logits_ith(context, -1);
  return llama_token(std::max_element(logits, logits + vocabulary) - logits);
}

std::string list(const std::vector<llama_token>& tokens) {
  std::string text;
  for (const llama_token token : tokens) text += (text.empty() ? "" : ", ") + std::to_string(token);
  return "[" + text + "]";
}

}  // namespace

int main(int count, char** words) {
  llama_log_set(
      [](ggml_log_level level, const char* text, void*) {
        if (level >= GGML_LOG_LEVEL_ERROR) std::fputs(text, stderr);
      },
      nullptr);
  llama_backend_init();
  if (count == 4 && std::string(words[1]) == "widen") {
    widen(words[2], words[3]);
    return 0;
  }
  if (count < 7) fail("MODEL metal|cpu products|flash TOKENS THREADS PROMPT...");
  const bool metal = std::string(words[2]) == "metal";
  const bool flash = std::string(words[3]) == "flash";
  const int length = std::atoi(words[4]);

  llama_model_params of_model = llama_model_default_params();
  ggml_backend_dev_t none[] = {nullptr};
  if (!metal) of_model.devices = none;
  of_model.n_gpu_layers = metal ? 999 : 0;
  llama_model* model = llama_model_load_from_file(words[1], of_model);
  if (!model) fail(std::string("cannot load ") + words[1]);
  const llama_vocab* vocabulary = llama_model_get_vocab(model);
  llama_context_params of_context = llama_context_default_params();
  of_context.n_ctx = 512;
  of_context.flash_attn_type =
      flash ? LLAMA_FLASH_ATTN_TYPE_ENABLED : LLAMA_FLASH_ATTN_TYPE_DISABLED;
  of_context.n_threads = of_context.n_threads_batch = std::atoi(words[5]);
  of_context.offload_kqv = of_context.op_offload = metal;
  if (!metal) of_context.type_k = of_context.type_v = GGML_TYPE_F32;

  for (int i = 6; i < count; ++i) {
    llama_context* context = llama_init_from_model(model, of_context);
    if (!context) fail("no context");
    const std::vector<llama_token> prompt = tokens_of(vocabulary, words[i]);
    const int size = llama_vocab_n_tokens(vocabulary);
    // What is compiled at its first use is, after the first token of one that is decoded alone.
    std::vector<llama_token> tokens{decode(context, prompt, size)};
    tokens.push_back(decode(context, {tokens.back()}, size));
    const double start = user_milliseconds();
    while (int(tokens.size()) < length) tokens.push_back(decode(context, {tokens.back()}, size));
    std::printf("%s{\"prompt\": %s, \"tokens\": %s, \"ms\": %.3f}", i == 6 ? "[" : ",\n ",
                list(prompt).c_str(), list(tokens).c_str(),
                (user_milliseconds() - start) / (length - 2));
    llama_free(context);
  }
  std::puts("]");
  llama_model_free(model);
}
