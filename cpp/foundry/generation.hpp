// Text generation with an exported model: #include <foundry/generation.hpp>.
#pragma once

#include "foundry/generation/generator.hpp"
#include "foundry/generation/tokenizer.hpp"
