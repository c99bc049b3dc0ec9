#include "foundry/gguf/ggml_types.hpp"

#include <algorithm>
#include <array>

namespace foundry {

namespace {

struct Row {
  std::uint32_t type;
  DType dtype;
};

constexpr std::array kRows = {
    Row{0, DType::f32},     Row{1, DType::f16},      Row{2, DType::q4_0},
    Row{3, DType::q4_1},    Row{6, DType::q5_0},     Row{7, DType::q5_1},
    Row{8, DType::q8_0},    Row{9, DType::q8_1},     Row{10, DType::q2_k},
    Row{11, DType::q3_k},   Row{12, DType::q4_k},    Row{13, DType::q5_k},
    Row{14, DType::q6_k},   Row{15, DType::q8_k},    Row{16, DType::iq2_xxs},
    Row{17, DType::iq2_xs}, Row{18, DType::iq3_xxs}, Row{19, DType::iq1_s},
    Row{20, DType::iq4_nl}, Row{21, DType::iq3_s},   Row{22, DType::iq2_s},
    Row{23, DType::iq4_xs}, Row{24, DType::i8},      Row{25, DType::i16},
    Row{26, DType::i32},    Row{27, DType::i64},     Row{28, DType::f64},
    Row{29, DType::iq1_m},  Row{30, DType::bf16},    Row{34, DType::tq1_0},
    Row{35, DType::tq2_0},  Row{39, DType::mxfp4},   Row{40, DType::nvfp4},
    Row{41, DType::q1_0},
};

}  // namespace

std::optional<DType> dtype_of_ggml_type(std::uint32_t type) noexcept {
  const auto row = std::find_if(kRows.begin(), kRows.end(),
                                [&](const Row& candidate) { return candidate.type == type; });
  if (row == kRows.end()) return std::nullopt;
  return row->dtype;
}

}  // namespace foundry
