// Times llama.cpp. usage: gemv FORMAT ROWS COLUMNS THREADS
// or: model FILE THREADS EXTRA_BUFTS(0|1) FLASH(0|1) REPEATS PROMPT TOKENS DEEP: tokens per second
// as JSON; DEEP is a context of several thousand to decode in, or 0.
// or: sequences FILE THREADS EXTRA_BUFTS FLASH REPEATS PROMPT TOKENS SIZE...: of so many at once.
#include <ggml-backend.h>
#include <ggml-cpu.h>
#include <ggml.h>
#include <llama.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "../../cpp/rotation.hpp"
#include "../../cpp/weights.hpp"

namespace {

using bench::Format;

void require(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(std::string("llama.cpp: ") + what);
}

ggml_type type_of(const std::string& format) {
  for (int i = 0; i < GGML_TYPE_COUNT; ++i) {
    const auto type = static_cast<ggml_type>(i);
    const char* name = ggml_type_name(type);
    std::string lower = name ? name : "";
    for (char& c : lower) c = static_cast<char>(std::tolower(c));
    if (lower == format) return type;
  }
  throw std::runtime_error("llama.cpp: no type " + format);
}

// A graph of many products with the same input, each of which quantises it anew, as in a model.
class Products {
 public:
  Products(const Format& format, std::size_t rows, std::size_t columns, unsigned threads)
      : one_(bench::random_weights(format, rows, columns)),
        copies_(bench::copies_for(one_.size())),
        backend_(ggml_backend_cpu_init(), ggml_backend_free) {
    require(backend_ != nullptr, "no CPU backend");
    ggml_backend_cpu_set_n_threads(backend_.get(), static_cast<int>(threads));
    const std::size_t nodes = std::max<std::size_t>(copies_, kWarm) + kWarm + 16;
    context_.reset(ggml_init({(nodes * 2 + 16) * ggml_tensor_overhead() +
                                  4 * ggml_graph_overhead_custom(nodes + 16, false),
                              nullptr, true}));
    ggml_context* context = context_.get();
    const auto type = type_of(format.name);
    x_ = ggml_new_tensor_1d(context, GGML_TYPE_F32, static_cast<int64_t>(columns));
    std::vector<ggml_tensor*> weights;
    for (std::size_t i = 0; i < copies_; ++i)
      weights.push_back(ggml_new_tensor_2d(context, type, static_cast<int64_t>(columns),
                                           static_cast<int64_t>(rows)));
    cold_ = graph(weights, nodes);
    warm_ = graph(std::vector<ggml_tensor*>(kWarm, weights.front()), nodes);
    buffer_.reset(ggml_backend_alloc_ctx_tensors(context, backend_.get()));
    require(buffer_ != nullptr, "no memory for the weights");
    for (ggml_tensor* tensor : weights)
      ggml_backend_tensor_set(tensor, one_.data(), 0, one_.size());
    const std::vector<float> x = bench::random_input(columns);
    ggml_backend_tensor_set(x_, x.data(), 0, x.size() * sizeof(float));
  }

  void time() {
    const bench::Times cold = bench::time_rounds(copies_, 0.5, [&] { compute(cold_); });
    const bench::Times warm = bench::time_rounds(kWarm, 0.2, [&] { compute(warm_); });
    bench::print_times(one_.size(), "ggml CPU backend", cold, warm);
  }

 private:
  static constexpr std::size_t kWarm = 64;

  ggml_cgraph* graph(const std::vector<ggml_tensor*>& weights, std::size_t nodes) {
    ggml_cgraph* graph = ggml_new_graph_custom(context_.get(), nodes, false);
    for (ggml_tensor* tensor : weights)
      ggml_build_forward_expand(graph, ggml_mul_mat(context_.get(), tensor, x_));
    return graph;
  }
  void compute(ggml_cgraph* graph) {
    require(ggml_backend_graph_compute(backend_.get(), graph) == GGML_STATUS_SUCCESS,
            "a graph failed");
  }

  std::vector<std::byte> one_;
  std::size_t copies_;
  std::unique_ptr<ggml_backend, decltype(&ggml_backend_free)> backend_;
  struct FreeContext {
    void operator()(ggml_context* context) const { ggml_free(context); }
  };
  struct FreeBuffer {
    void operator()(ggml_backend_buffer* buffer) const { ggml_backend_buffer_free(buffer); }
  };
  std::unique_ptr<ggml_context, FreeContext> context_;
  std::unique_ptr<ggml_backend_buffer, FreeBuffer> buffer_;
  ggml_tensor* x_ = nullptr;
  ggml_cgraph* cold_ = nullptr;
  ggml_cgraph* warm_ = nullptr;
};

// Tokens of several sequences, evaluated together.
class Batch {
 public:
  explicit Batch(int tokens) : batch_(llama_batch_init(tokens, 0, 1)) {}
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;
  ~Batch() { llama_batch_free(batch_); }

  const llama_batch& get() const { return batch_; }
  void clear() { batch_.n_tokens = 0; }
  void add(llama_token token, int position, int sequence, bool wants_logits) {
    const int at = batch_.n_tokens++;
    batch_.token[at] = token;
    batch_.pos[at] = position;
    batch_.n_seq_id[at] = 1;
    batch_.seq_id[at][0] = sequence;
    batch_.logits[at] = wants_logits;
  }

 private:
  llama_batch batch_;
};

class Model {
 public:
  Model(const char* file, int threads, bool extra_bufts, bool flash, int sequences = 1)
      : model_(nullptr, llama_model_free), context_(nullptr, llama_free) {
    llama_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
    llama_model_params model = llama_model_default_params();
    model.use_extra_bufts = extra_bufts;
    model_.reset(llama_model_load_from_file(file, model));
    require(model_ != nullptr, "the model does not load");
    llama_context_params context = llama_context_default_params();
    context.n_ctx = sequences == 1 ? 4096 + 256 : 256 * sequences;
    context.n_seq_max = sequences;
    context.n_batch = context.n_ubatch = 512;
    context.n_threads = context.n_threads_batch = threads;
    context.flash_attn_type =
        flash ? LLAMA_FLASH_ATTN_TYPE_ENABLED : LLAMA_FLASH_ATTN_TYPE_DISABLED;
    context.no_perf = true;
    context_.reset(llama_init_from_model(model_.get(), context));
    require(context_ != nullptr, "no context");
    vocabulary_ = llama_vocab_n_tokens(llama_model_get_vocab(model_.get()));
  }

  /// Seconds for a prompt of `count` tokens after what is there.
  double prompt(int count) {
    std::vector<llama_token> tokens;
    for (int i = 0; i < count; ++i) tokens.push_back((1000 + 7 * i) % vocabulary_);
    return seconds([&] {
      for (int start = 0; start < count; start += 512)
        decode(tokens.data() + start, std::min(512, count - start));
    });
  }

  /// Tokens per second of choosing `count` tokens greedily, one by one.
  double generate(int count) {
    llama_token token = best();
    return count / seconds([&] {
             for (int i = 0; i < count; ++i) {
               decode(&token, 1);
               token = best();
             }
           });
  }

  /// Tokens per second of all of `sequences` together, `count` of each after prompts of `prompt`.
  double generate_together(int sequences, int prompt, int count) {
    Batch batch(std::max(prompt, sequences));
    std::vector<llama_token> tokens;
    cut(0);
    for (int s = 0; s < sequences; ++s) {
      batch.clear();
      for (int i = 0; i < prompt; ++i)
        batch.add((1000 + 7 * i + 911 * s) % vocabulary_, i, s, i + 1 == prompt);
      require(llama_decode(context_.get(), batch.get()) == 0, "decode failed");
      tokens.push_back(best(prompt - 1));
    }
    return sequences * count / seconds([&] {
             for (int i = 0; i < count; ++i) {
               batch.clear();
               for (int s = 0; s < sequences; ++s) batch.add(tokens[s], prompt + i, s, true);
               require(llama_decode(context_.get(), batch.get()) == 0, "decode failed");
               for (int s = 0; s < sequences; ++s) tokens[s] = best(s);
             }
           });
  }

  void cut(int tokens) {
    if (tokens == 0)
      llama_memory_clear(llama_get_memory(context_.get()), false);
    else
      require(llama_memory_seq_rm(llama_get_memory(context_.get()), 0, tokens, -1),
              "the cache cannot be cut");
  }

 private:
  template <class Body>
  static double seconds(const Body& body) {
    const auto start = std::chrono::steady_clock::now();
    body();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  void decode(llama_token* tokens, int count) {
    require(llama_decode(context_.get(), llama_batch_get_one(tokens, count)) == 0, "decode failed");
  }
  llama_token best(int index = -1) const {
    const float* logits = llama_get_logits_ith(context_.get(), index);
    return static_cast<llama_token>(std::max_element(logits, logits + vocabulary_) - logits);
  }

  std::unique_ptr<llama_model, decltype(&llama_model_free)> model_;
  std::unique_ptr<llama_context, decltype(&llama_free)> context_;
  int vocabulary_ = 0;
};

void print(const std::string& name, std::vector<double> values, const char* end) {
  std::printf("\"%s\": [", name.c_str());
  for (std::size_t i = 0; i < values.size(); ++i) std::printf("%s%.3f", i ? ", " : "", values[i]);
  std::printf("]%s", end);
}

struct Task {
  int repeats;
  int prompt;
  int tokens;
  int deep;
};

void time_model(Model& model, const Task& task) {
  std::vector<double> decode, prefill, after_prompt, deep;
  const int few = std::max(task.tokens / 4, 1);
  for (int i = 0; i <= task.repeats; ++i) {  // the first warms up
    model.cut(0);
    model.prompt(16);
    const double tokens = model.generate(i ? task.tokens : 8);
    model.cut(0);
    const double prompt = task.prompt / model.prompt(task.prompt);
    const double after = model.generate(i ? few : 1);
    if (i == 0) continue;
    decode.push_back(tokens);
    prefill.push_back(prompt);
    after_prompt.push_back(after);
  }
  if (task.deep) {
    model.cut(task.prompt);
    model.prompt(task.deep - task.prompt);
    for (int i = 0; i < task.repeats; ++i) {
      model.cut(task.deep);
      model.prompt(1);
      deep.push_back(model.generate(few));
    }
  }
  std::printf("{");
  print("decode", decode, ", ");
  print("prefill", prefill, ", ");
  print("decode at " + std::to_string(task.prompt), after_prompt, task.deep ? ", " : "}\n");
  if (task.deep) print("decode at " + std::to_string(task.deep), deep, "}\n");
}

/// "8": [tokens per second of a repeat, ...] for each size; a context each, as one has it.
void time_sequences(const std::vector<std::string>& words) {
  const auto number = [&](std::size_t i) { return std::stoi(words.at(i)); };
  std::printf("{");
  for (std::size_t i = 8; i < words.size(); ++i) {
    Model model(words.at(1).c_str(), number(2), number(3) != 0, number(4) != 0, number(i));
    std::vector<double> found;
    for (int repeat = 0; repeat <= number(5); ++repeat) {  // the first warms up
      const double rate = model.generate_together(number(i), number(6), repeat ? number(7) : 4);
      if (repeat) found.push_back(rate);
    }
    print(words.at(i), found, i + 1 < words.size() ? ", " : "}\n");
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const std::vector<std::string> words(argv + 1, argv + argc);
  const auto number = [&](std::size_t i) { return std::stoi(words.at(i)); };
  if (words.at(0) == "gemv") {
    const Format* format = bench::find_format(words.at(1));
    require(format != nullptr, "no such format");
    Products(*format, static_cast<std::size_t>(number(2)), static_cast<std::size_t>(number(3)),
             static_cast<unsigned>(number(4)))
        .time();
  } else if (words.at(0) == "sequences") {
    time_sequences(words);
  } else {
    Model model(words.at(1).c_str(), number(2), number(3) != 0, number(4) != 0);
    time_model(model,
               {.repeats = number(5), .prompt = number(6), .tokens = number(7), .deep = number(8)});
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
