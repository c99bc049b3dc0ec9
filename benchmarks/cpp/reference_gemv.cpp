// Times the hand-written matrix-vector product. usage: FORMAT ROWS COLUMNS THREADS
// or, for the read bandwidth in bytes per second: bandwidth MIBIBYTES THREADS
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>

#include "reference_kernels.hpp"
#include "rotation.hpp"
#include "weights.hpp"

namespace bench {

GemvKernel reference_kernel(std::string_view format, const char*& isa) {
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl");
  isa = avx512 ? "AVX-512" : "AVX2";
  return avx512 ? avx512_kernel(format) : avx2_kernel(format);
}

namespace {

/// Calls part(i) on thread i of `threads`, the caller being number 0. Threads spin between calls:
/// nothing here may be slower than it has to be.
class Team {
 public:
  explicit Team(unsigned threads) {
    for (unsigned i = 1; i < threads; ++i)
      threads_.emplace_back([this, i] {
        for (unsigned seen = 0;;) {
          unsigned now;
          while ((now = round_.load(std::memory_order_acquire)) == seen) __builtin_ia32_pause();
          seen = now;
          if (!part_) return;
          (*part_)(i);
          done_.fetch_add(1, std::memory_order_release);
        }
      });
  }
  ~Team() {
    part_ = nullptr;
    round_.fetch_add(1, std::memory_order_release);
    for (std::thread& thread : threads_) thread.join();
  }
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  void run(const std::function<void(unsigned)>& part) {
    part_ = &part;
    done_.store(0, std::memory_order_relaxed);
    round_.fetch_add(1, std::memory_order_release);
    part(0);
    while (done_.load(std::memory_order_acquire) < threads_.size()) __builtin_ia32_pause();
  }

 private:
  const std::function<void(unsigned)>* part_ = nullptr;
  std::atomic<unsigned> round_{0};
  std::atomic<std::size_t> done_{0};
  std::vector<std::thread> threads_;
};

/// Throws unless y is W x, by the plain definition of the format.
void check(const Format& format, const GemvArguments& a, std::size_t rows) {
  for (std::size_t row = 0; row < rows; row += rows / 16 + 1) {
    double sum = 0.0, size = 0.0;
    for (std::size_t k = 0; k < a.columns; ++k) {
      const double term =
          double{weight_at(format, a.weights + row * a.row_bytes, k)} * double{a.x[k]};
      sum += term;
      size += std::abs(term);
    }
    // f32 sums of `columns` terms: rounding grows with their size, not with their sum.
    if (std::abs(sum - double{a.y[row]}) > 1e-5 * size)
      throw std::runtime_error("the hand-written kernel is wrong in row " + std::to_string(row));
  }
}

/// x starts a cache line: a vector that crosses one takes twice as long to load.
struct alignas(64) Line {
  float values[16];
};

void gemv(const Format& format, std::size_t rows, std::size_t columns, unsigned threads) {
  const char* isa;
  const GemvKernel kernel = reference_kernel(format.name, isa);
  if (!kernel) throw std::runtime_error(std::string("no hand-written kernel for ") + format.name);
  if (columns % 64 || columns % format.block_elements)
    throw std::runtime_error("a row is no whole number of blocks");
  const std::vector<std::byte> one = random_weights(format, rows, columns);
  std::vector<std::byte> weights;
  weights.reserve(one.size() * copies_for(one.size()));
  for (std::size_t i = 0; i < copies_for(one.size()); ++i)
    weights.insert(weights.end(), one.begin(), one.end());
  const std::vector<float> input = random_input(columns);
  std::vector<Line> lines(columns / 16);
  std::memcpy(lines.data(), input.data(), columns * sizeof(float));
  const float* x = lines.data()->values;
  std::vector<float> y(rows), block_sums(columns / 32);
  GemvArguments arguments{weights.data(), format.row_bytes(columns), columns, x, block_sums.data(),
                          y.data()};
  Team team(threads);
  const auto product = [&](std::size_t copy) {
    arguments.weights = weights.data() + copy * one.size();
    for (std::size_t block = 0; block < block_sums.size(); ++block)
      block_sums[block] = std::accumulate(x + block * 32, x + block * 32 + 32, 0.0f);
    team.run([&](unsigned i) {
      // Parts of whole groups of four rows.
      const auto start = [&](unsigned part) {
        return part == threads ? rows : rows / 4 * part / threads * 4;
      };
      kernel(arguments, start(i), start(i + 1));
    });
  };
  product(1);
  check(format, arguments, rows);
  time_products(one.size(), isa, product, [] {});
}

void bandwidth(std::size_t mebibytes, unsigned threads) {
  std::vector<float> values(mebibytes << 18, 1.0f);
  Team team(threads);
  std::vector<float> maxima(threads * 32);
  const Times times = time_rounds(1, 1.0, [&] {
    team.run([&](unsigned i) {
      const std::size_t part = values.size() / threads;
      maxima[i * 32] = avx2_maximum(values.data() + i * part, part);
    });
  });
  const double bytes = static_cast<double>(values.size() * sizeof(float));
  std::printf("{\"best\": %.6e, \"median\": %.6e, \"maximum\": %f}\n", bytes / times.best,
              bytes / times.median, static_cast<double>(maxima[0]));
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) try {
  const std::vector<std::string> words(argv + 1, argv + argc);
  const auto number = [&](std::size_t i) { return std::stoul(words.at(i)); };
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
    throw std::runtime_error("the hand-written kernels need AVX2 and FMA");
  if (words.at(0) == "bandwidth") {
    bench::bandwidth(number(1), static_cast<unsigned>(number(2)));
    return 0;
  }
  const bench::Format* format = bench::find_format(words.at(0));
  if (!format) throw std::runtime_error("no format " + words.at(0));
  bench::gemv(*format, number(1), number(2), static_cast<unsigned>(number(3)));
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
