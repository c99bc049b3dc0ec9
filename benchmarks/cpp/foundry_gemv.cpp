// Times Foundry's Gemv. usage: FORMAT ROWS COLUMNS; $ANVIL_THREADS says on how many threads.
#include <foundry/foundry.hpp>

#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "foundry/ops/gemv.hpp"
#include "rotation.hpp"
#include "weights.hpp"

int main(int argc, char** argv) try {
  using namespace foundry;
  const std::vector<std::string> words(argv + 1, argv + argc);
  const bench::Format* format = bench::find_format(words.at(0));
  if (!format) throw std::runtime_error("no format " + words.at(0));
  const std::size_t rows = std::stoul(words.at(1));
  const std::size_t columns = std::stoul(words.at(2));

  Foundry foundry;
  const std::vector<std::byte> one = bench::random_weights(*format, rows, columns);
  std::vector<AnyTensor> weights;
  for (std::size_t i = 0; i < bench::copies_for(one.size()); ++i)
    weights.push_back(foundry.tensor(Extents{rows, columns}, parse_dtype(format->name), one));
  const auto x = foundry.tensor<f32>({columns}, from(bench::random_input(columns)));
  const auto y = foundry.tensor<f32>({rows}, from(std::vector<float>(rows)));
  ops::Gemv product;
  product.x = x;
  product.y = y;
  // Each product writes what the one before has written: they run one after another, as in a model.
  bench::time_products(
      one.size(), foundry.device().name().c_str(),
      [&](std::size_t i) {
        product.weights = weights[i];
        foundry.run(product);
      },
      [&] { foundry.synchronize(); });
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
