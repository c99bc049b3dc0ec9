// logits: what a model computes for given tokens on the processor, its cache and sums in 32 bits.
//   logits [--lora ADAPTER SCALE]... MODEL CONTEXT RESULT TOKEN...
// RESULT gets raw f32, (2, tokens, vocabulary): after each token, all of them evaluated at once,
// and then one by one.
#include <ggml-backend.h>
#include <llama.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace {

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "logits: %s\n", what.c_str());
  std::exit(1);
}

struct Adapters {
  std::vector<llama_adapter_lora*> files;
  std::vector<float> scales;
};

class Evaluation {
 public:
  Evaluation(llama_model* model, int context_length, Adapters& adapters, std::FILE* result)
      : vocabulary_(size_t(llama_vocab_n_tokens(llama_model_get_vocab(model)))), result_(result) {
    llama_context_params parameters = llama_context_default_params();
    parameters.n_ctx = parameters.n_batch = parameters.n_ubatch = uint32_t(context_length);
    parameters.n_threads = parameters.n_threads_batch = 1;
    parameters.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
    parameters.type_k = parameters.type_v = GGML_TYPE_F32;
    parameters.offload_kqv = parameters.op_offload = false;
    context_ = llama_init_from_model(model, parameters);
    if (!context_) fail("no context");
    if (llama_set_adapters_lora(context_, adapters.files.data(), adapters.files.size(),
                                adapters.scales.data()) != 0)
      fail("cannot set adapters");
  }
  Evaluation(const Evaluation&) = delete;
  Evaluation& operator=(const Evaluation&) = delete;
  ~Evaluation() { llama_free(context_); }

  /// Tokens after those before; writes the logits after each.
  void run(const std::vector<llama_token>& tokens) {
    llama_batch batch = llama_batch_init(int(tokens.size()), 0, 1);
    for (const llama_token token : tokens) {
      const int at = batch.n_tokens++;
      batch.token[at] = token;
      batch.pos[at] = position_++;
      batch.n_seq_id[at] = 1;
      batch.seq_id[at][0] = 0;
      batch.logits[at] = 1;
    }
    if (llama_decode(context_, batch) != 0) fail("llama_decode failed");
    for (int i = 0; i < batch.n_tokens; ++i) {
      const float* logits = llama_get_logits_ith(context_, i);
      if (std::fwrite(logits, sizeof(float), vocabulary_, result_) != vocabulary_)
        fail("cannot write");
    }
    llama_batch_free(batch);
  }

 private:
  llama_context* context_;
  size_t vocabulary_;
  std::FILE* result_;
  llama_pos position_ = 0;
};

}  // namespace

int main(int count, char** words) {
  llama_log_set(
      [](ggml_log_level level, const char* text, void*) {
        if (level >= GGML_LOG_LEVEL_WARN) std::fputs(text, stderr);
      },
      nullptr);
  std::vector<std::pair<std::string, float>> paths;
  for (; count > 3 && std::string(words[1]) == "--lora"; count -= 3, words += 3)
    paths.emplace_back(words[2], float(std::atof(words[3])));
  if (count < 5) fail("[--lora ADAPTER SCALE]... MODEL CONTEXT RESULT TOKEN...");
  llama_backend_init();
  llama_model_params parameters = llama_model_default_params();
  ggml_backend_dev_t none[] = {nullptr};
  parameters.devices = none;
  parameters.n_gpu_layers = 0;
  llama_model* model = llama_model_load_from_file(words[1], parameters);
  if (!model) fail(std::string("cannot load ") + words[1]);
  Adapters adapters;
  for (const auto& [path, scale] : paths) {
    adapters.files.push_back(llama_adapter_lora_init(model, path.c_str()));
    if (!adapters.files.back()) fail("cannot load " + path);
    adapters.scales.push_back(scale);
  }
  const int context_length = std::atoi(words[2]);
  std::FILE* result = std::fopen(words[3], "wb");
  if (!result) fail(std::string("cannot write ") + words[3]);
  std::vector<llama_token> tokens;
  for (int i = 4; i < count; ++i) tokens.push_back(std::atoi(words[i]));

  Evaluation(model, context_length, adapters, result).run(tokens);
  Evaluation one_by_one(model, context_length, adapters, result);
  for (const llama_token token : tokens) one_by_one.run({token});
  if (std::fclose(result) != 0) fail("cannot write");
}
