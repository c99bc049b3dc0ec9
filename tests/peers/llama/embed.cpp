// embed: what a model embeds texts as on the processor, sums in 32 bits.
//   embed MODEL POOLING CONTEXT RESULT TOKENS...
// POOLING is a number as in GGUF, or -1 for the file's. A text is its tokens with commas between.
// RESULT gets raw f32: for each text a row, and without pooling one for each of its tokens.
#include <ggml-backend.h>
#include <llama.h>

#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

namespace {

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "embed: %s\n", what.c_str());
  std::exit(1);
}

std::vector<llama_token> tokens_of(const std::string& text) {
  std::vector<llama_token> tokens;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) tokens.push_back(std::atoi(word.c_str()));
  return tokens;
}

void write(const float* row, int size, std::FILE* result) {
  if (!row) fail("no embedding");
  if (std::fwrite(row, sizeof(float), size_t(size), result) != size_t(size)) fail("cannot write");
}

/// A text by itself, as sequence 0.
void embed(llama_context* context, const std::vector<llama_token>& tokens, std::FILE* result) {
  llama_memory_clear(llama_get_memory(context), true);
  llama_batch batch = llama_batch_init(int(tokens.size()), 0, 1);
  for (const llama_token token : tokens) {
    const int at = batch.n_tokens++;
    batch.token[at] = token;
    batch.pos[at] = at;
    batch.n_seq_id[at] = 1;
    batch.seq_id[at][0] = 0;
    batch.logits[at] = 1;
  }
  if (llama_decode(context, batch) != 0) fail("llama_decode failed");
  const llama_model* model = llama_get_model(context);
  const auto pooling = llama_pooling_type(context);
  if (pooling == LLAMA_POOLING_TYPE_NONE) {
    for (int i = 0; i < batch.n_tokens; ++i) {
      write(llama_get_embeddings_ith(context, i), llama_model_n_embd_out(model), result);
    }
  } else {
    const bool ranks = pooling == LLAMA_POOLING_TYPE_RANK;
    const int size = ranks ? int(llama_model_n_cls_out(model)) : llama_model_n_embd_out(model);
    write(llama_get_embeddings_seq(context, 0), size, result);
  }
  llama_batch_free(batch);
}

}  // namespace

int main(int count, char** words) {
  llama_log_set(
      [](ggml_log_level level, const char* text, void*) {
        if (level >= GGML_LOG_LEVEL_ERROR) std::fputs(text, stderr);
      },
      nullptr);
  if (count < 6) fail("MODEL POOLING CONTEXT RESULT TOKENS...");
  llama_backend_init();
  llama_model_params of_model = llama_model_default_params();
  ggml_backend_dev_t none[] = {nullptr};
  of_model.devices = none;
  of_model.n_gpu_layers = 0;
  llama_model* model = llama_model_load_from_file(words[1], of_model);
  if (!model) fail(std::string("cannot load ") + words[1]);
  llama_context_params parameters = llama_context_default_params();
  parameters.embeddings = true;
  parameters.pooling_type = static_cast<enum llama_pooling_type>(std::atoi(words[2]));
  parameters.n_ctx = parameters.n_batch = parameters.n_ubatch = uint32_t(std::atoi(words[3]));
  parameters.n_threads = parameters.n_threads_batch = 1;
  parameters.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
  parameters.type_k = parameters.type_v = GGML_TYPE_F32;
  parameters.offload_kqv = parameters.op_offload = false;
  llama_context* context = llama_init_from_model(model, parameters);
  if (!context) fail("no context");
  std::FILE* result = std::fopen(words[4], "wb");
  if (!result) fail(std::string("cannot write ") + words[4]);
  for (int i = 5; i < count; ++i) embed(context, tokens_of(words[i]), result);
  if (std::fclose(result) != 0) fail("cannot write");
  llama_free(context);
  llama_model_free(model);
}
